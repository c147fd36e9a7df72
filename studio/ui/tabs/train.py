"""The Train room: what is to be learned on the left, watching it learn on the right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.data.dataset import dataset_folder, list_datasets, picture_files
from studio.errors import SettingsError, StudioError
from studio.train.settings import TrainSettings
from studio.ui.base_box import BaseBox, base_choices
from studio.ui.choices import dataset_box
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.form import Form
from studio.ui.jobs_panel import press
from studio.ui.markup import render
from studio.ui.presets_box import PresetBox
from studio.ui.pulse import Given, Pulse
from studio.ui.training_view import TrainingView
from studio.ui.widgets import live

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


class TrainRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk = desk
        self.view = TrainingView(desk)
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.stage = live("train-stage", "tried")
        self.chosen = gr.State("")
        self._events()
        fields = self.form.fields
        pulse.show(self.stage, lambda given: self.view.html(given[self.chosen]), self.chosen)
        pulse.show(fields["dataset"], lambda _: list_datasets(desk.workspace), prop="choices")
        told = (fields["dataset"], fields["steps"], fields["batch_size"], fields["accumulation"])
        pulse.show(self.summary, self._summary, *told)

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.presets = PresetBox("train", "train")
            self.base = BaseBox(self.desk)
            makers = {"dataset": dataset_box(self.desk), "base": self.base.make}
            self.form = Form(TrainSettings, "train", makers=makers, start=self.presets.start)
            self.form.rest()
        with gr.Column(elem_classes="desk-foot"):
            self.form.note()
            self.summary = live("train-summary")
            self.go = gr.Button("Train", variant="primary", elem_id="train-go", elem_classes="go")

    def _events(self) -> None:
        self.presets.events(self.form)
        self.base.events()
        self.go.click(kindly(self._train), self.form.inputs(), [*self.form.outputs(), self.chosen], **QUIET)
        self.stage.act(kindly(self._act), None, self.chosen, queue=False, **QUIET)

    def opened(self) -> dict[Component, Any]:
        """What a window that was just opened finds: the settings of the last training, or a fresh start."""
        last = self.desk.latest("train")
        names = list_datasets(self.desk.workspace)
        values = dict(last.run.settings) if last else {"dataset": names[0] if names else None}
        updates = self.form.filled(values)
        updates[self.form.fields["dataset"]] = gr.update(choices=names, value=values.get("dataset"))
        base = str(values.get("base", "pocket"))
        updates[self.form.fields["base"]] = gr.update(choices=base_choices(self.desk), value=base)
        updates[self.base.line] = self.base.told_now(base)
        return {**updates, **(self.presets.matching(values) if last else {})}

    def entered(self, dataset: str | None) -> Any:
        """The newest dataset, where none is chosen yet: pictures just captioned are there to be learned."""
        names = list_datasets(self.desk.workspace)
        return gr.skip() if dataset or not names else gr.update(choices=names, value=names[0])

    def carried(self, values: dict[str, Any]) -> dict[Component, Any]:
        """The updates that begin a training on what the Caption room prepared."""
        updates = self.form.filled(values)
        names = list_datasets(self.desk.workspace)
        updates[self.form.fields["dataset"]] = gr.update(choices=names, value=values["dataset"])
        updates[self.base.line] = self.base.told_now(values["base"])
        return updates

    def filling(self) -> list[Component]:
        """The components that `opened` may change."""
        return [
            *self.form.outputs(),
            self.base.line,
            self.presets.box,
            self.presets.before,
            self.presets.about,
        ]

    def _train(self, given: dict[Component, Any]) -> dict[Component, Any]:
        try:
            settings = TrainSettings.parse(self.form.values(given))
            folder = self._folder(settings.dataset)
        except SettingsError as fault:
            return self.form.faulty(fault)
        self.desk.submit("train", settings, title=settings.name or folder.name)
        return {**self.form.faultless(), self.chosen: ""}

    def _folder(self, dataset: str) -> Path:
        try:
            folder = dataset_folder(self.desk.workspace, dataset)
            if not picture_files(folder):
                raise StudioError(f"There are no pictures in {folder.name}", remedy="Put some in first.")
        except StudioError as fault:
            raise SettingsError(fault.what, why=fault.why, remedy=fault.remedy, field="dataset") from None
        return folder

    def _act(self, event: gr.EventData) -> Any:
        if event._data.get("act") == "show":
            return str(event._data["value"])
        press(self.desk, event._data)
        return gr.skip()

    def _summary(self, given: Given) -> str:
        fields = self.form.fields
        steps = given[fields["steps"]]
        try:
            count = len(picture_files(dataset_folder(self.desk.workspace, given[fields["dataset"]] or "")))
        except StudioError:
            count = 0
        if not steps or not count:
            return render("line", text="Choose a dataset to begin.") if not count else ""
        seen = steps * (given[fields["batch_size"]] or 1) * (given[fields["accumulation"]] or 1) / count
        return render(
            "train-summary", steps=steps, pictures=count, seen=f"{seen:.0f}" if seen >= 1 else "less than 1"
        )
