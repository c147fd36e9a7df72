"""The Caption room: bring pictures, let a model say what is on them, mend words and pictures."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.data.adoption import adopt_captions
from studio.data.dataset import dataset_folder, list_datasets, picture_files
from studio.data.imports import Import, import_hub_dataset, import_pictures
from studio.data.pictures import SUFFIXES
from studio.errors import DatasetError, PictureError, SettingsError
from studio.settings import KnobInfo, Preset, presets, unread
from studio.ui.base_box import base_choices
from studio.ui.captioning.bench import Bench
from studio.ui.captioning.bringing import Bringing
from studio.ui.choices import dataset_box
from studio.ui.desk import Desk
from studio.ui.faults import answering, kindly
from studio.ui.form import Form
from studio.ui.generating.draft import Draft
from studio.ui.jobs_panel import act_on_jobs, job_panel
from studio.ui.markup import render
from studio.ui.pulse import Given, Pulse
from studio.ui.widgets import bench, bring, live, uploaded

ACCEPT = ",".join((*SUFFIXES, ".txt", ".caption", ".json", ".jsonl", ".csv", ".zip", ".parquet"))
OFTEN = 10.0  # seconds between two looks at which base models there are
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
Updates = dict[Component, Any]


class CaptionRoom:
    """Builds the room inside a `gr.Tab`."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk = desk
        self.work, self.bringing = Bench(desk), Bringing()
        self.draft = Draft(desk.workspace, "caption")
        self._bases: tuple[float, list[tuple[str, str]]] = (0.0, [])
        with gr.Row(elem_classes="room"):
            with gr.Column(elem_classes="desk"):
                self._desk()
            with gr.Column(elem_classes="stage"):
                self.bench = bench("caption-bench", self.work.servant())
        self.dataset = self.form.fields["dataset"]
        self._events()
        pulse.show(self.job, self._job)
        pulse.show(self.bench, self._bench, self.dataset)
        pulse.show(self.bring, self._bring, self.dataset)
        pulse.show(self.dataset, lambda _: list_datasets(desk.workspace), prop="choices")

    def _desk(self) -> None:
        with gr.Column(elem_classes="desk-body"):
            self.bring = bring("caption-bring", ACCEPT, answering(self.place))
            self.refused = live("caption-refused")
            makers = {"dataset": dataset_box(self.desk), "captioner": self._captioner, "prompt": self._prompt}
            self.form = Form(CaptionSettings, "caption", makers=makers)
            self.form.rest()
            for name in unread(CaptionSettings, {}):
                self.form.fields[name].visible = False
        with gr.Column(elem_classes="desk-foot"):
            self.form.note()
            self.go = gr.Button("Caption", variant="primary", elem_id="caption-go", elem_classes="go")
            self.job = live("caption-job")

    def _captioner(self, knob: KnobInfo, elem_id: str) -> Component:
        titles = [(entry.title, entry.name) for entry in CAPTIONERS]
        box = gr.Dropdown(
            titles, value=knob.default, label=knob.label, info=knob.help, elem_id=elem_id, interactive=True
        )
        self.about = live("caption-about")
        self.about.value = about(str(knob.default))
        return box

    def _prompt(self, knob: KnobInfo, elem_id: str) -> Component:
        """What a chat model is asked, and the questions that the studio brings along."""
        ready = {preset.title: str(preset.values["prompt"]).strip() for preset in _questions()}
        self.ready = gr.Dropdown(
            list(ready.items()),
            value=None,
            label="Ready questions",
            info="Choose one, then change it as you like.",
            elem_id=f"{elem_id}-ready",
            visible=False,
            interactive=True,
        )
        return gr.Textbox(
            lines=4, max_lines=10, value=knob.default, label=knob.label, info=knob.help, elem_id=elem_id
        )

    def _events(self) -> None:
        form, fields = self.form, self.form.fields
        self.bring.begun(form.faultless, None, form.fault_line, queue=False, **QUIET)
        self.bring.dropped(kindly(self._dropped), None, [self.dataset, self.refused], **QUIET)
        self.bring.placed(kindly(self._placed), None, [self.dataset, self.refused], **QUIET)
        self.bring.fetched(kindly(self._fetched), None, [self.dataset, self.refused], **QUIET)
        self.dataset.change(kindly(self._bench), {self.dataset}, self.bench, **QUIET)
        self.dataset.change(kindly(self._keep), form.inputs(), None, **QUIET)
        self.dataset.change(form.faultless, None, form.fault_line, queue=False, **QUIET)
        self.dataset.input(lambda: "", None, self.refused, queue=False, **QUIET)
        self.go.click(kindly(self._caption), form.inputs(), form.outputs(), **QUIET)
        self.bench.again(kindly(self._again), form.inputs(), form.outputs(), **QUIET)
        self.refused.act(lambda: "", None, self.refused, **QUIET)
        optional = [fields[name] for name in form.optional()]
        for name in ("captioner", "second"):
            fields[name].change(
                kindly(self._chosen), form.inputs(), [self.about, self.ready, *optional], **QUIET
            )
        self.ready.input(lambda question: question, self.ready, fields["prompt"], queue=False, **QUIET)
        self.about.act(kindly(self._combined), None, form.outputs(), **QUIET)
        act_on_jobs(self.desk, self.job)

    def opened(self) -> Updates:
        """What a window that was just opened finds: what was chosen last, or the newest dataset."""
        last = self.desk.latest("caption")
        names = list_datasets(self.desk.workspace)
        values = self.draft.last() or (dict(last.run.settings) if last else {})
        values["dataset"] = values.get("dataset") or (names[0] if names else None)
        updates = self.form.filled({name: value for name, value in values.items() if name != "only"})
        updates[self.dataset] = gr.update(choices=names, value=values["dataset"])
        return updates

    def filling(self) -> list[Component]:
        """The components that `opened` may change."""
        return self.form.outputs()

    def _chosen(self, given: Given) -> Updates:
        """The settings that the chosen captioners do not read are put away; a reload finds the choice."""
        self._keep(given)
        values = {name: given[field] for name, field in self.form.fields.items()}
        idle = unread(CaptionSettings, values)
        updates = {
            self.form.fields[name]: gr.update(visible=name not in idle) for name in self.form.optional()
        }
        return {
            self.about: about(*(str(values[name] or "") for name in ("captioner", "second"))),
            self.ready: gr.update(visible="prompt" not in idle),
            **updates,
        }

    def _dropped(self, event: gr.EventData) -> tuple[Any, str]:
        replace = bool(event._data.get("replace"))
        with uploaded(event._data["files"]) as folder:
            files, name = sorted(folder.iterdir()), str(event._data["dataset"])
            brought = self.bringing.follow(
                lambda tell: import_pictures(
                    self.desk.workspace, name, files, replace_captions=replace, progress=tell
                )
            )
        return self._open(brought.folder.name), what_came(brought)

    def _placed(self, event: gr.EventData) -> tuple[Any, str]:
        folder = self._folder(str(event._data["place"]))
        adopted = adopt_captions(folder)
        return self._open(str(folder)), render(
            "came-along", told=came_along(len(adopted.pictures)), alone=True
        )

    def place(self, question: Any) -> dict[str, Any]:
        """Whether a folder can be used where it lies; the page asks before it opens it."""
        return {"folder": str(self._folder(str(question["place"])))}

    def _folder(self, place: str) -> Path:
        folder = dataset_folder(self.desk.workspace, place)
        if not picture_files(folder):
            raise DatasetError(f"There are no pictures in {folder}")
        return folder

    def _fetched(self, event: gr.EventData) -> tuple[Any, str]:
        hub_id = str(event._data["id"])
        name = hub_id.rpartition("/")[2]
        brought = self.bringing.follow(
            lambda tell: import_hub_dataset(self.desk.workspace, name, hub_id, progress=tell)
        )
        return self._open(brought.folder.name), what_came(brought)

    def _combined(self, event: gr.EventData) -> Updates:
        """Two captioners that go well together, chosen at one press; without a name, the first alone."""
        name = str(event._data["name"])
        return self.form.filled(presets("caption")[name].values if name else {"second": ""})

    def _keep(self, given: Given) -> None:
        self.draft.keep({name: given[field] for name, field in self.form.fields.items()})

    def _open(self, dataset: str) -> Any:
        return gr.update(choices=list_datasets(self.desk.workspace), value=dataset)

    def _caption(self, given: Updates) -> Updates:
        return self._submit(given)

    def _again(self, given: Updates, event: gr.EventData) -> Updates:
        return self._submit(given, existing="replace", only=event._data["names"])

    def _submit(self, given: Updates, **more: Any) -> Updates:
        try:
            values = self.form.values(given)
            self._require_pictures(values.get("dataset") or "")
            settings = CaptionSettings.parse({**values, **more})
        except SettingsError as fault:
            return self.form.faulty(fault)
        self._keep(given)
        self.desk.submit("caption", settings, title=settings.dataset)
        return self.form.faultless()

    def _require_pictures(self, dataset: str) -> None:
        """Raises `SettingsError` where there is nothing to caption: no job is begun then."""
        if not dataset:
            remedy = "Drop some above, or choose a dataset."
            raise SettingsError("There are no pictures yet", remedy=remedy, field="dataset")
        try:
            found = picture_files(dataset_folder(self.desk.workspace, dataset))
        except DatasetError as fault:
            raise SettingsError(fault.what, why=fault.why, remedy=fault.remedy, field="dataset") from fault
        if not found:
            remedy = "Drop some above, or choose another dataset."
            raise SettingsError(f"There are no pictures in {dataset}", remedy=remedy, field="dataset")

    def _bench(self, given: Given) -> str:
        chosen = given[self.dataset] or ""
        told: dict[str, Any] = {"dataset": "", "mark": "", "empty": "", "bases": self._base_titles()}
        if chosen:
            try:
                told |= {"dataset": chosen, "mark": self.work.deck(chosen).mark}
            except DatasetError as fault:
                told["empty"] = str(fault)
        return json.dumps(told)

    def _base_titles(self) -> list[tuple[str, str]]:
        if time.monotonic() - self._bases[0] > OFTEN or not self._bases[1]:
            self._bases = (time.monotonic(), base_choices(self.desk))
        return self._bases[1]

    def _bring(self, given: Given) -> str:
        names = list_datasets(self.desk.workspace)
        current = given[self.dataset] if given[self.dataset] in names else ""
        return json.dumps({"names": names, "current": current, "bringing": self.bringing.state})

    def _job(self, _: Given) -> str:
        return job_panel(self.desk, self.desk.present("caption"))


def _questions() -> list[Preset]:
    return [preset for preset in presets("caption").values() if "prompt" in preset.values]


def about(*names: str) -> str:
    """What a person should know of the chosen captioners, and which go well together, as HTML."""
    chosen = [CAPTIONERS.get(name) for name in names if name in CAPTIONERS.names()]
    pairs = [preset for preset in presets("caption").values() if "second" in preset.values]
    others = [preset for preset in pairs if names[1:] != (preset.values["second"],)]
    return render("captioner", chosen=chosen, pairs=others)


def what_came(brought: Import) -> str:
    """What a person should know of an import: captions that came along, files that were not taken."""
    told = came_along(brought.captioned)
    if brought.kept:
        told += f" {_captions(brought.kept)} of before {'was' if brought.kept == 1 else 'were'} kept."
    return render("came-along", told=told.strip(), alone=not brought.refused) + refusals(brought.refused)


def refusals(refused: tuple[PictureError, ...]) -> str:
    """The list of files that were not taken, and why."""
    return render("refusals", refused=[str(fault) for fault in refused]) if refused else ""


def came_along(count: int) -> str:
    """That captions came with the pictures, where they did."""
    return f"{_captions(count)} came along." if count else ""


def _captions(count: int) -> str:
    return "1 caption" if count == 1 else f"{count} captions"
