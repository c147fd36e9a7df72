"""The Train room: what is to be learned on the left, watching it learn on the right."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.data.dataset import dataset_folder, list_datasets, picture_files
from studio.data.hints import set_hints
from studio.errors import SettingsError, StudioError
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.form import Updates
from studio.ui.generating.draft import Draft
from studio.ui.jobs_panel import press
from studio.ui.pulse import Given, Pulse
from studio.ui.training.asides import Asides, aside
from studio.ui.training.choice import changes_in_words
from studio.ui.training.fit import FitView
from studio.ui.training.form import PROPOSED, QUIET, TrainForm
from studio.ui.training.memory import read_memory
from studio.ui.training.outcome import tidy, use
from studio.ui.training.runs import bin_training, compare_html, runs_html
from studio.ui.training.shelf import Shelf, decoded
from studio.ui.training.view import TrainingView, free_title
from studio.ui.widgets import AS_KEPT, keeper, kept_now, live

PURPOSE, QUALITY = "what is taught", "quality"  # beside the form's values in the draft
START: dict[str, Any] = {"page": "run", "run": "", "marked": []}
"""What a window looks at: a run (the newest where none is named), all runs, or two of them compared."""


class TrainRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk, self.pulse = desk, pulse
        self.view, self.asides, self.fit = TrainingView(desk), Asides(desk), FitView(desk)
        self.draft = Draft(desk.workspace, "train")
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.stage = live("train-stage", "tried", "reused")
        self.looked_at = gr.State(START)
        self._events()
        pulse.show(self.stage, self._stage, self.looked_at)
        pulse.show(self.form.fields["dataset"], lambda _: list_datasets(desk.workspace), prop="choices")
        lines = self.form.lines
        summary = aside(self.asides.summary, self.form.parsed, faults=True)
        pulse.show(self.summary, summary, *self.form.inputs())
        for component, look in (
            (lines["network"], self.asides.network),
            (lines["schedule"], self.asides.curve),
        ):
            pulse.show(component, aside(look, self.form.parsed), *self.form.inputs())
        for name in self.form.optional():
            field = self.form.fields[name]
            pulse.show(field, partial(self.form.is_read, name), *self.form.choosing(name), prop="visible")
        pulse.show(self.fitting, self._fit, self.pulse.room, *self.form.inputs())

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.form = TrainForm(self.desk)
            self.form.short()
            self.fitting = live("train-fit")
            self.shelf = Shelf(self.desk, self.form)
            self.form.rest()
            self.shelf.place_files()
            self.keeper = keeper("train-keeper")
            self.form.before.render()
        with gr.Column(elem_classes="desk-foot"):
            self.form.note()
            self.summary = live("train-summary")
            self.go = gr.Button("Train", variant="primary", elem_id="train-go", elem_classes="go")

    def _events(self) -> None:
        form = self.form
        form.events()
        self.shelf.events()
        self.go.click(kindly(self._train), form.inputs(), [*form.outputs(), self.looked_at], **QUIET)
        kept = (kindly(self._changed), form.inputs(), self.keeper)
        self.keeper.changed(*kept, trigger_mode="always_last", **QUIET)
        self.stage.act(kindly(self._act), self.looked_at, self.looked_at, trigger_mode="multiple", **QUIET)
        self.stage.reused(kindly(self._reused), self.shelf.inputs(), self.shelf.outputs(), **QUIET)
        self.fitting.act(kindly(self._save_memory), form.inputs(), form.outputs(), **QUIET)

    def opened(self) -> dict[Component, Any]:
        """What a window that was just opened finds: the form as it was left, or a fresh start."""
        names, values = list_datasets(self.desk.workspace), self._left()
        purpose, quality = values.pop(PURPOSE, None), values.pop(QUALITY, None)
        dataset = values["dataset"] = values.get("dataset") or (names[0] if names else None)
        updates: Updates = self.form.filled(self.form.automatic())
        if len(values) > 1:
            updates = self.form.with_values(values, purpose=purpose or "")
        updates[self.form.fields["dataset"]] = gr.update(choices=names, value=dataset)
        if quality:
            updates[self.form.quality] = quality
        return {**updates, self.keeper: AS_KEPT}

    def _left(self) -> dict[str, Any]:
        """The form as it was left, or the settings of the last training."""
        last = None if (kept := self.draft.last()) else self.desk.latest("train")
        return dict(last.run.settings) if last else kept

    def entered(self, given: Given) -> dict[Component, Any]:
        """The newest dataset, where none is chosen yet: pictures just captioned are there to be learned.

        A window that comes back opens the room while the form as it was left is still on its way.
        """
        names, dataset = list_datasets(self.desk.workspace), self.form.fields["dataset"]
        if not given[dataset] and self._left().get("dataset"):
            return {dataset: gr.update(choices=names)}
        chosen = given[dataset] or (names[0] if names else "")
        updates = self.form.proposed(given, chosen) if chosen else {}
        value = {} if given[dataset] else {"value": chosen or None}  # what is typed meanwhile stays
        return {**updates, dataset: gr.update(choices=names, **value)}

    def carried(self, given: Given, values: dict[str, Any]) -> dict[Component, Any]:
        """The updates that begin a training on what the Caption room prepared."""
        names = list_datasets(self.desk.workspace)
        word = values.get("class_word")
        chosen = {self.form.fields[name]: values[name] for name in ("base", "dataset") if name in values}
        chosen |= {self.form.purpose: "subject"} if word else {}
        updates = self.form.follow({**given, **chosen})
        updates |= {**self.form.faultless(), **self.form.filled(values)}
        if word:
            updates |= self.form.put_purpose("subject", word)
        updates[self.form.fields["dataset"]] = gr.update(choices=names, value=values["dataset"])
        if "base" in values:
            updates[self.form.base.line] = self.form.base.told_now(values["base"])
        return updates

    def filled(self, given: Given, values: dict[str, Any], title: str) -> dict[Component, Any]:
        """The updates that put in all settings of a training, and tell whose they are."""
        return self.shelf.filled(given, values, title)

    def inputs(self) -> set[Component]:
        """The components that `carried` and `filled` have to know."""
        return self.shelf.inputs()

    def filling(self) -> list[Component]:
        """The components that `opened`, `carried` and `filled` may change."""
        return [*self.shelf.outputs(), self.keeper]

    def _changed(self, given: Given, event: gr.EventData) -> str:
        self._keep(given)
        return kept_now(event)

    def _keep(self, given: Given) -> None:
        values = {name: given[field] for name, field in self.form.fields.items()}
        self.draft.keep({**values, PURPOSE: given[self.form.purpose], QUALITY: given[self.form.quality]})

    def _train(self, given: dict[Component, Any]) -> dict[Component, Any]:
        try:
            settings = self.form.parsed(given)
            folder = self._folder(settings.dataset)
            settings = self.form.ready(given)
        except SettingsError as fault:
            return self.form.faulty(fault)
        self._keep(given)
        words = {name: word for name in PROPOSED if (word := getattr(settings, name))}
        with suppress(OSError, StudioError):  # a folder that may only be read can be learned from as well
            set_hints(folder, **words)
        title = free_title(self.view.trainings(), settings.name or folder.name)
        self.desk.submit("train", settings, title=title)
        return {**self.form.faultless(), self.looked_at: START}

    def _folder(self, dataset: str) -> Path:
        try:
            folder = dataset_folder(self.desk.workspace, dataset)
            if not picture_files(folder):
                raise StudioError(f"There are no pictures in {folder.name}", remedy="Put some in first.")
        except StudioError as fault:
            raise SettingsError(fault.what, why=fault.why, remedy=fault.remedy, field="dataset") from None
        return folder

    def _fit(self, given: Given) -> str | None:
        """What it needs; left as it is while the room is closed, for it takes seconds to work out."""
        return aside(self.fit.html, self.form.parsed)(given) if given[self.pulse.room] == "train" else None

    def _stage(self, given: Given) -> str:
        looked_at = given[self.looked_at]
        if looked_at["page"] == "runs":
            return runs_html(self.view, looked_at["marked"])
        if looked_at["page"] == "compare":
            return compare_html(self.view, looked_at["marked"])
        return self.view.html(looked_at["run"])

    def _act(self, looked_at: dict[str, Any], event: gr.EventData) -> Any:
        data = event._data
        match data.get("act"):
            case "show":
                return {**START, "run": str(data.get("value", ""))}
            case "runs":
                return {**START, "page": "runs"}
            case "mark":
                return self._marked(looked_at, str(data["run"]))
            case "use":
                gr.Info(use(self.desk, str(data["run"]), int(data["step"]), float(data["weight"])))
            case "retry":
                run = self.desk.queue.read(str(data["run"]))
                saver = read_memory(run.folder(self.desk.workspace)).saver or {}
                self.desk.queue.resume(run.id, saver.get("changes"))
            case "bin":
                gr.Info(bin_training(self.view, str(data["run"])))
                return self._without(looked_at, str(data["run"]))
            case "tidy":
                gr.Info(tidy(self.desk, self.desk.journal.job(str(data["run"]))))
            case _:
                press(self.desk, data)
        return gr.skip()

    @staticmethod
    def _without(looked_at: dict[str, Any], run: str) -> dict[str, Any]:
        return {**looked_at, "marked": [one for one in looked_at["marked"] if one != run]}

    @staticmethod
    def _marked(looked_at: dict[str, Any], run: str) -> dict[str, Any]:
        before = looked_at["marked"]
        marked = [one for one in before if one != run] if run in before else [*before, run]
        return {**looked_at, "page": "compare" if len(marked) == 2 else "runs", "marked": marked}

    def _reused(self, given: Given, event: gr.EventData) -> Updates:
        view = self.desk.journal.job(str(event._data["run"]))
        changes = (view.afresh or {}) if event._data.get("act") == "afresh" else {}
        told = f"The settings of “{view.run.title}”"
        if changes:
            told += f", with {changes_in_words(changes)}"
        return self.shelf.filled(given, {**view.run.settings, **changes}, told)

    def _save_memory(self, given: Given, event: gr.EventData) -> Updates:
        if event._data.get("act") == "saver":
            return self.form.filled({str(event._data["field"]): decoded(str(event._data["value"]))})
        changes, told = self.fit.to_card(self.form.parsed(given))
        gr.Info(told)
        return self.form.filled(changes) or {self.form.before: gr.skip()}
