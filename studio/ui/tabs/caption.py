"""The Caption room: bring pictures, let a model say what is on them, mend the words by hand."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component

from studio.caption.settings import CaptionSettings
from studio.data.dataset import list_datasets
from studio.data.imports import import_pictures
from studio.data.pictures import SUFFIXES
from studio.errors import PictureError, SettingsError
from studio.settings import KnobInfo
from studio.ui.choices import dataset_box
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.form import Form
from studio.ui.jobs_panel import act_on_jobs, job_panel
from studio.ui.markup import render
from studio.ui.pictures_board import Board
from studio.ui.pulse import Given, Pulse
from studio.ui.widgets import board, drop_zone, live, uploaded

ACCEPT = ",".join((*SUFFIXES, ".txt", ".zip"))
NEW = "My pictures"


class CaptionRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk = desk
        self.pictures = Board(desk)
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.board = board("caption-board", self.pictures.servants())
        self.dataset = self.form.fields["dataset"]
        self._events()
        pulse.show(self.job, self._job)
        pulse.show(self.board, self._board, self.dataset)
        pulse.show(self.dataset, lambda _: list_datasets(desk.workspace), prop="choices")

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.form = Form(CaptionSettings, "caption", makers={"dataset": self._dataset})
            self.form.rest()
        with gr.Column(elem_classes="desk-foot"):
            self.form.note()
            self.go = gr.Button("Caption", variant="primary", elem_id="caption-go", elem_classes="go")
            self.job = live("caption-job")

    def _dataset(self, knob: KnobInfo, elem_id: str) -> Component:
        box = dataset_box(self.desk)(knob, elem_id)
        self.drop = drop_zone("caption-drop", "Drop pictures here, or a folder or zip of them", ACCEPT)
        self.refused = live("caption-refused")
        return box

    def _events(self) -> None:
        self.drop.dropped(
            kindly(self._dropped), [self.dataset], [self.dataset, self.refused], api_visibility="private"
        )
        self.dataset.change(
            kindly(self._board_now),
            {self.dataset},
            self.board,
            show_progress="hidden",
            api_visibility="private",
        )
        self.go.click(
            kindly(self._caption),
            self.form.inputs(),
            self.form.outputs(),
            show_progress="hidden",
            api_visibility="private",
        )
        self.refused.act(lambda: "", None, self.refused, api_visibility="private")
        act_on_jobs(self.desk, self.job)

    def opened(self) -> dict[Component, Any]:
        """What a window that was just opened finds: the dataset of the last captioning, or the newest."""
        last = self.desk.latest("caption")
        names = list_datasets(self.desk.workspace)
        values = dict(last.run.settings) if last else {"dataset": names[0] if names else None}
        updates = self.form.filled(values)
        updates[self.dataset] = gr.update(choices=names, value=values["dataset"])
        return updates

    def filling(self) -> list[Component]:
        """The components that `opened` may change."""
        return self.form.outputs()

    def _dropped(self, dataset: str | None, event: gr.EventData) -> tuple[Any, str]:
        name = (dataset or "").strip() or event._data.get("folder") or NEW
        with uploaded(event._data["files"]) as folder:
            brought = import_pictures(self.desk.workspace, name, sorted(folder.iterdir()))
        choices = list_datasets(self.desk.workspace)
        return gr.update(choices=choices, value=brought.folder.name), refusals(brought.refused)

    def _board_now(self, given: Given) -> str:
        with self.desk.lock:
            self.desk.begin_look()
            return self._board(given)

    def _caption(self, given: dict[Component, Any]) -> dict[Component, Any]:
        try:
            settings = CaptionSettings.parse(self.form.values(given))
        except SettingsError as fault:
            return self.form.faulty(fault)
        self.desk.submit("caption", settings, title=settings.dataset)
        return self.form.faultless()

    def _board(self, given: Given) -> str:
        return self.pictures.html(given[self.dataset] or "")

    def _job(self, _: Given) -> str:
        return job_panel(self.desk, self.desk.latest("caption"))


def refusals(refused: tuple[PictureError, ...]) -> str:
    """The list of files that were not taken, and why."""
    return render("refusals", refused=[str(fault) for fault in refused]) if refused else ""
