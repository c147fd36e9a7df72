"""Where a form's settings can come from and go to: presets of one's own, and files of other trainings."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.errors import SettingsError
from studio.presets import bin_preset, save_preset
from studio.settings import knobs
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.earlier import Earlier
from studio.ui.faults import kindly
from studio.ui.form import Updates
from studio.ui.markup import render
from studio.ui.pulse import Given
from studio.ui.training.bringing import ACCEPT, first_of
from studio.ui.training.choice import FIRST, PERSONAL, Followed
from studio.ui.training.form import QUIET, TrainForm
from studio.ui.widgets import import_box, live, uploaded

NAME = "preset-name"  # the field for it
KEPT = (*PERSONAL, "base")
"""What stays as it is when a file says nothing of it."""


class Shelf:
    """The fold with the preset box, saving, and the place for files."""

    def __init__(self, desk: Desk, form: TrainForm) -> None:
        self.desk, self.form, self.earlier = desk, form, Earlier()
        with gr.Accordion("Presets", open=False, elem_id="train-shelf"):
            form.preset_box.render()
            self.about = live("train-preset-about")
            self.about.value = self.told(FIRST)
            with gr.Row(elem_classes="save-row"):
                self.name = gr.Textbox(
                    label="Save as a preset of your own",
                    info="Under this name; with a number after it, if you have one called so.",
                    placeholder="My portraits",
                    max_lines=1,
                    max_length=80,
                    elem_id=f"train-{NAME}",
                )
                self.save = gr.Button("Save", size="sm", elem_id="train-preset-save", min_width=64, scale=0)
        self.brought = live("train-brought")

    def place_files(self) -> None:
        """Place what takes files; outside every fold, for what a closed fold holds is not on the page."""
        self.files = import_box("train-import", ACCEPT)

    def told(self, name: str | None) -> str:
        """What a preset is for, and how to be rid of one's own."""
        known = self.form.presets().get(name or "")
        return render("preset", about=known.preset.about, own=known.own, name=name) if known else ""

    def outputs(self) -> list[Any]:
        """The components that change when the whole form is filled."""
        return [*self.form.outputs(), self.about, self.brought]

    def events(self) -> None:
        """Wire it; called when all is placed."""
        form = self.form
        form.preset_box.change(kindly(self.told), form.preset_box, self.about, **QUIET)
        self.save.click(
            kindly(self._saved),
            form.inputs(form.before, self.name),
            [*form.outputs(), self.name],
            **QUIET,
        )
        self.about.act(kindly(self._binned), self.inputs(), [form.preset_box, form.before], **QUIET)
        self.files.dropped(kindly(self._dropped), self.inputs(), self.outputs(), **QUIET)
        self.brought.act(kindly(self._noted), None, self.outputs(), **QUIET)

    def inputs(self) -> set[Component]:
        """What a handler takes that fills the whole form."""
        return self.form.inputs(self.form.before)

    def filled(
        self, given: Given, values: dict[str, Any], title: str, notes: tuple[str, ...] = ()
    ) -> Updates:
        """The whole form filled, and a line that says with what; what it holds now can be put back."""
        told = "The form is filled with them. Look it over, then press Train."
        before = self.earlier.keep(self.form.held(given))
        return {
            **self.form.with_values(values),
            self.brought: render("brought", title=title, told=told, notes=notes, before=before),
        }

    def _noted(self, event: gr.EventData) -> Updates:
        before = self.earlier.of(event._data.get("before")) if event._data.get("act") == "back" else None
        return {**(self.form.as_it_was(before) if before else {}), self.brought: ""}

    def _saved(self, given: Given) -> Updates:
        try:
            name, preset = save_preset(
                self.desk.workspace,
                "train",
                given[self.name] or "",
                self._of_preset(given),
                purpose=given[self.form.purpose],
            )
        except SettingsError as fault:
            fault.field = fault.field or NAME
            return self.form.faulty(fault)
        gr.Info(f"“{preset.title}” is among your presets. These steps are what it calls a good quality.")
        return {**self.form.faultless(), **self.form.settled(given, name), self.name: ""}

    def _of_preset(self, given: Given) -> TrainSettings:
        """What is worth keeping: trigger and class belong to one subject, not to a way of training."""
        values = self.form.values(given)
        usual = {knob.name: knob.default for knob in knobs(TrainSettings)}
        return TrainSettings.parse({**values, "trigger": usual["trigger"], "class_word": "", "dataset": "x"})

    def _binned(self, given: Given, event: gr.EventData) -> Updates:
        bin_preset(self.desk.workspace, "train", str(event._data["name"]))
        gr.Info("The preset is in the system's bin.")
        return self.form.without(given)

    def _dropped(self, given: Given, event: gr.EventData) -> Updates:
        with uploaded(event._data["files"]) as folder:
            brought = first_of(folder, self.desk.workspace)
        usual = self.form.layer({})
        present = {name: given[self.form.fields[name]] for name in KEPT if name in self.form.fields}
        kept = {name: value for name, value in present.items() if value not in (None, "")}
        updates = self.filled(given, {**usual, **kept, **brought.values}, brought.title, brought.notes)
        before = Followed.of(updates[self.form.before])
        others = {name: value for name, value in before.values.items() if name not in brought.values}
        updates[self.form.before] = before._replace(values=others).text  # what the file says stays
        return updates


def decoded(value: str) -> Any:
    """A value that a button carries."""
    return json.loads(value)
