"""The Generate room: a prompt, a slider for each LoRA, and the picture."""

from __future__ import annotations

import random
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import SettingsError
from studio.generate.recipe import read_recipe
from studio.generate.settings import GenerateSettings
from studio.settings import KnobInfo
from studio.ui.base_box import BaseBox, base_choices
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.generating.draft import Draft
from studio.ui.generating.folds import FoldedForm
from studio.ui.generating.mixes import Mixes, of_picture
from studio.ui.generating.servant import servant
from studio.ui.generating.words import Words
from studio.ui.jobs_panel import press
from studio.ui.library import Library, take_adapters
from studio.ui.pictures_view import PicturesView, used_seed
from studio.ui.pulse import Given, Pulse
from studio.ui.widgets import keeper, live, mixer, prompting, shelf, uploaded

KEEP = "keep the seed"  # beside the form's values in the draft
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
FOLDS = {"Prompt": "Negative prompt", "Picture": "Size, number and seed", "Model": "Base model"}
Updates = dict[Component, Any]


class GenerateRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk = desk
        self.library = Library(desk)
        self.view, self.draft, self.mixes = (
            PicturesView(desk),
            Draft(desk.workspace),
            Mixes(desk, self.library),
        )
        self.ask = servant(self.mixes, Words(desk))
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.stage = live("generate-stage", "reused")
                self.gallery = live("generate-gallery")
        self.chosen = gr.State("")
        self.fields = self.form.fields
        self._events()
        base = self.fields["base"]
        pulse.show(self.stage, lambda given: self.view.stage(given[self.chosen]), self.chosen)
        pulse.show(self.gallery, lambda _: self.view.gallery())
        pulse.show(self.shelf, lambda given: self.mixes.shelf(given[base] or ""), base)
        pulse.show(self.words, lambda given: given[base] or "", base)
        pulse.show(self.fields["seed"], self._seed_used, self.keep, at_first=False)

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.base = BaseBox(self.desk)
            makers = {
                "prompt": self._prompt,
                "negative": self._negative,
                "base": self.base.make,
                "adapters": self._mixer,
                "seed": self._seed,
            }
            self.form = FoldedForm(GenerateSettings, "generate", makers=makers, titles=FOLDS)
            self.form.place("prompt")
            self.words = prompting("generate-words", self.ask)
            self.form.place("adapters")
            self.form.rest()
            self.keeper = keeper("generate-keeper")
        with gr.Column(elem_classes="desk-foot"):
            self.form.note()
            with gr.Row(elem_classes="go-row"):
                self.go = gr.Button("Generate", variant="primary", elem_id="generate-go", elem_classes="go")
                self.live = gr.Checkbox(
                    label="Live",
                    elem_id="generate-live",
                    info="Paint when a slider is let go",
                    container=False,
                )

    def _prompt(self, knob: KnobInfo, elem_id: str) -> Component:
        return gr.Textbox(lines=3, max_lines=8, label=knob.label, info=knob.help, elem_id=elem_id)

    def _negative(self, knob: KnobInfo, elem_id: str) -> Component:
        return gr.Textbox(lines=1, max_lines=6, label=knob.label, info=knob.help, elem_id=elem_id)

    def _mixer(self, knob: KnobInfo, elem_id: str) -> Component:
        gr.HTML('<p class="field-title">LoRAs</p>', apply_default_css=False)
        self.mixer = mixer(elem_id, self.ask)
        self.shelf = shelf("generate-shelf")
        return self.mixer

    def _seed(self, knob: KnobInfo, elem_id: str) -> Component:
        with gr.Row(elem_classes="seed-row"):
            seed = gr.Number(-1, precision=0, label=knob.label, info=knob.help, elem_id=elem_id)
            self.dice = gr.Button("Roll", size="sm", elem_id=f"{elem_id}-roll", min_width=56, scale=0)
        self.keep = gr.Checkbox(
            label="Keep this seed",
            info="Off: a new one for each picture.",
            elem_id=f"{elem_id}-keep",
        )
        return seed

    def _events(self) -> None:
        self.base.events()
        form, seed = self.form, self.fields["seed"]
        inputs = form.inputs(self.keep, self.live)
        outputs = [*form.outputs(), self.chosen]
        self.go.click(kindly(self._generate), inputs, outputs, **QUIET)
        self.mixer.released(kindly(self._released), inputs, outputs, **QUIET)
        self.keeper.changed(kindly(self._changed), form.inputs(self.keep), None, queue=False, **QUIET)
        self.mixer.dropped(kindly(self._dropped), None, None, **QUIET)
        self.dice.click(
            lambda: (random.randrange(2**31), True), None, [seed, self.keep], queue=False, **QUIET
        )
        seed.input(lambda value: value is not None and value >= 0, seed, self.keep, queue=False, **QUIET)
        self.stage.act(kindly(self._act), None, self.chosen, queue=False, **QUIET)
        self.gallery.act(kindly(self._act), None, self.chosen, queue=False, **QUIET)
        self.stage.reused(kindly(self._reused), self.mixer, self.filling(), **QUIET)

    def filling(self) -> list[Component]:
        """The components that change when the whole form is filled."""
        return [*self.form.outputs(), self.keep, self.base.line]

    def opened(self) -> Updates:
        """What a window that was just opened finds: the settings of the last picture."""
        values = self.draft.last() or self._last_settings()
        rows, keep = values.pop("adapters", None), bool(values.pop(KEEP, False))
        base = str(values.get("base") or "pocket")
        updates = self.form.filled(values)
        updates[self.keep] = keep
        updates[self.fields["base"]] = gr.update(choices=base_choices(self.desk), value=base)
        updates[self.base.line] = self.base.told_now(base)
        updates[self.mixer] = gr.update(value=rows or self.library.at_first(base, ()))
        return updates

    def _last_settings(self) -> dict[str, Any]:
        """Those of the last picture, made from the command line or before drafts were kept."""
        last = self.desk.latest("generate")
        values = dict(last.run.settings) if last else {}
        rows = self.library.at_first(str(values.get("base", "pocket")), values.get("adapters", ()))
        return {
            **values,
            "adapters": rows,
            "seed": self._last_seed(values),
            KEEP: values.get("seed", -1) >= 0,
        }

    def try_adapter(self, rows: list[dict[str, Any]] | None, event: gr.EventData) -> Updates:
        """Bring a LoRA that was just trained into the mix, alone, with a prompt that calls it."""
        told = event._data
        return self.mixed(
            [{"name": told["name"], "weight": 1.0}], rows, prompt=told["prompt"], base=told["base"]
        )

    def mixed(self, used: list[dict[str, Any]], rows: list[dict[str, Any]] | None, **values: Any) -> Updates:
        """Fill the form, with these adapters on and the other rows off."""
        return {**self.form.filled(values), self.mixer: gr.update(value=of_picture(used, rows))}

    def _generate(self, given: dict[Component, Any], *, same_seed: bool = False) -> Updates:
        try:
            settings = self._settings(given, same_seed=same_seed)
        except SettingsError as fault:
            return self.form.faulty(fault)
        self.desk.submit("generate", settings, title=settings.prompt[:60])
        return {**self.form.faultless(), self.chosen: ""}

    def _settings(self, given: Given, *, same_seed: bool) -> GenerateSettings:
        values = self.form.values(given)
        values["adapters"] = self.library.mixes(values["adapters"], values["base"] or "")
        if not (given[self.keep] or same_seed):
            values["seed"] = -1
        settings = GenerateSettings.parse(values)
        if not settings.prompt.strip():
            raise SettingsError("Prompt: write what the picture shows", field="prompt")
        return settings

    def _released(self, given: dict[Component, Any]) -> Any:
        """With Live on, a slider that was let go paints again: the job before it makes way."""
        if not given[self.live]:
            return gr.skip()
        job = self.desk.latest("generate")
        if job and self.desk.queue.holds(job.run.id) and not self.desk.stopping(job):
            self.desk.queue.stop(job.run.id)
        return self._generate(given, same_seed=True)

    def _changed(self, given: Given, event: gr.EventData) -> None:
        values = {name: given[field] for name, field in self.form.fields.items()}
        self.draft.keep({**values, KEEP: bool(given[self.keep])}, str(event._data["window"])[:20])

    def _dropped(self, event: gr.EventData) -> None:
        with uploaded(event._data["files"]) as folder:
            added, refused = take_adapters(self.desk.workspace, folder)
        for name in added:
            gr.Info(escape(f"“{name}” is in your LoRAs now."), title="Added")
        for fault in refused:
            gr.Warning(escape(str(fault)), title="Left out")

    def _act(self, event: gr.EventData) -> Any:
        if event._data.get("act") == "pick":
            return str(event._data["picture"])
        press(self.desk, event._data)
        return gr.skip()

    def _reused(self, rows: list[dict[str, Any]] | None, event: gr.EventData) -> Updates:
        path = Path(event._data["picture"])
        if path not in self.view.outputs():
            return {self.keep: gr.skip()}
        recipe = read_recipe(path)
        for note in recipe.notes:
            gr.Info(escape(note))
        values = dict(recipe.values)
        used = values.pop("adapters", [])
        return {**self.mixed(used, rows, **values), self.keep: True}

    def _seed_used(self, given: Given) -> int | None:
        return None if given[self.keep] else used_seed(self.desk.latest("generate"))

    def _last_seed(self, values: dict[str, Any]) -> int:
        used = used_seed(self.desk.latest("generate"))
        return used if used is not None else int(values.get("seed", -1))
