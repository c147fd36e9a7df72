"""The LoRAs room: the library, and the workbench on what is chosen in it."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from studio.adapters.workbench.pickles import ENDINGS
from studio.adapters.workbench.reshaping import blocks_in
from studio.errors import StudioError
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.generating.servant import servant
from studio.ui.jobs_panel import press
from studio.ui.library import Library, take_adapters
from studio.ui.loras.arrivals import Arrivals
from studio.ui.loras.bench import Updates, Workbench
from studio.ui.loras.results import Results
from studio.ui.loras.servant import Librarian
from studio.ui.loras.shelf import Shelf
from studio.ui.pulse import Given, Pulse
from studio.ui.tabs.caption import refusals
from studio.ui.widgets import drop_loras as drop
from studio.ui.widgets import live, loras, picks, uploaded

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
ACCEPT = ",".join((".safetensors", *ENDINGS, ".png", ".jpg", ".jpeg", ".webp", ".json", ".info"))


class LorasRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse, library: Library) -> None:
        self.desk, self.library = desk, library
        self.shelf, self.results, self.arrivals = Shelf(library), Results(desk), Arrivals(desk)
        with gr.Row(elem_classes="room loras-room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.result = live("loras-result", "used", "picked")
                self.grid = loras("loras-library", servant(Librarian(desk, self.shelf)))
        self._events()
        pulse.show(self.grid, lambda _: json.dumps({"mark": self.shelf.mark}))
        pulse.show(self.result, lambda _: self.results.html())
        pulse.show(self.arrived, lambda _: self.arrivals.html())

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.drop = drop("loras-drop", ACCEPT)
            self.arrived = live("loras-arrived")
            self.refused = live("loras-refused")
            gr.HTML('<p class="field-title">Workbench</p>', apply_default_css=False)
            self.picks = picks("loras-picks")
            self.bench = Workbench(self.desk)
        with gr.Column(elem_classes="desk-foot"):
            self.go = gr.Button(
                self.bench.tools[0].verb, variant="primary", elem_id="loras-go", elem_classes="go"
            )

    def _events(self) -> None:
        bench = self.bench
        self.drop.dropped(kindly(self._dropped), None, self.refused, **QUIET)
        self.arrived.act(kindly(self._arrived), None, None, **QUIET)
        self.refused.act(lambda: "", None, self.refused, **QUIET)
        bench.chooser.change(kindly(self._tool), bench.chooser, [self.go, *bench.outputs()], **QUIET)
        self.go.click(kindly(self._begin), {*bench.fields, self.picks}, bench.outputs(), **QUIET)
        self.result.act(kindly(self._act), None, self.result, **QUIET)
        blocks = bench.forms["prune"].fields["blocks"]
        self.grid.chosen(kindly(self._blocks), None, blocks, **QUIET)

    def used(self, event: gr.EventData) -> list[dict[str, Any]]:
        """What a press on “Use in Generate” brings into the mix, at the weights that are known to be good."""
        data = event._data
        if data.get("mix"):
            mix: list[dict[str, Any]] = json.loads(data["mix"])
            return mix
        names = json.loads(data["names"]) if isinstance(data["names"], str) else data["names"]
        self.library.hurry()
        return [{"name": str(name), "weight": self._weight(str(name))} for name in names]

    def _weight(self, name: str) -> float:
        card = self.shelf.card(name)
        told = (card.weight, card.last_weight) if card else ()
        return next((weight for weight in told if weight is not None), 1.0)

    def _tool(self, name: str) -> Updates:
        return {**self.bench.chosen(name), self.go: gr.update(value=self.bench.forms[name].tool.verb)}

    def _begin(self, given: Given) -> Updates:
        return self.bench.begin(given, given[self.picks])

    def _act(self, event: gr.EventData) -> Any:
        if event._data.get("act") == "away":
            self.results.put_away(str(event._data["run"]))
            return ""
        press(self.desk, event._data)
        return gr.skip()

    def _blocks(self, event: gr.EventData) -> Any:
        names = [str(name) for name in event._data["names"]]
        card = self.shelf.card(names[0]) if names else None
        return gr.update(choices=list(blocks_in(card.path)) if card and not card.fault else [], value=[])

    def _dropped(self, event: gr.EventData) -> str:
        with uploaded(event._data["files"]) as folder:
            self.arrivals.keep(folder)
            _, refused = take_adapters(self.desk.workspace, folder)
        self.library.hurry()
        return refusals(tuple(refused)) if refused else ""

    def _arrived(self, event: gr.EventData) -> None:
        name = str(event._data["name"])
        if event._data["act"] == "open":
            self.arrivals.open(name)
        elif event._data["act"] == "leave":
            self.arrivals.leave(name)
        else:
            raise StudioError("The page asked for something that is not there", remedy="Load it again.")
