"""The guided path: from the sample pictures to two LoRAs at their sliders, step by step.

What is done is seen on disk, so the path survives a reload and may be walked in one's own order.
It fills in the forms; the person presses the buttons.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.caption.settings import CaptionSettings
from studio.data.captions import read_caption
from studio.data.dataset import list_datasets, picture_files
from studio.data.imports import import_pictures
from studio.demo import PROMPTS, STYLE, SUBJECT, Sample
from studio.errors import StudioError
from studio.ui.desk import Desk
from studio.ui.faults import kindly
from studio.ui.markup import render
from studio.ui.pulse import Given, Pulse
from studio.ui.tabs.caption import CaptionRoom
from studio.ui.tabs.generate import GenerateRoom
from studio.ui.tabs.train import TrainRoom
from studio.ui.training.choice import purpose_of
from studio.ui.widgets import live

WEIGHTS = (0.8, 0.8)
Updates = dict[Any, Any]


@dataclass(frozen=True)
class Step:
    """One step: its name, what the person is told, and what the button that prepares it says."""

    name: str
    told: str
    button: str


STEPS = (
    Step(
        "Caption",
        "Eight pictures of a fox come with the studio. Bring them in, press Caption, and watch the words "
        "appear. Press a picture to change its words.",
        "Bring in the sample pictures",
    ),
    Step(
        "Train a subject",
        "Teach the built-in model this fox, by its trigger word and what it is. The button here fills in the "
        "form; then press Train and watch it learn. You can stop at any time and go on later.",
        "Fill in the training",
    ),
    Step(
        "Train a style",
        "Now a way of drawing, from ten other pictures and their captions. Fill in the form once more and "
        "press Train; it becomes a second LoRA.",
        "Fill in the second training",
    ),
    Step(
        "Mix them",
        "Both LoRAs have a slider now. Fill in the prompt, press Generate, then move the sliders; "
        "with Live on, the picture follows as you let go.",
        "Fill in the prompt",
    ),
)
DONE = "That was the whole way. The same steps work with your own pictures, and with larger models."


class Guide:
    """Places the strip; `wire` connects it once the rooms are there."""

    def __init__(self, desk: Desk, pulse: Pulse) -> None:
        self.desk = desk
        self.memory = gr.BrowserState({"hidden": False}, storage_key="lora-studio-guide")
        self.strip = live("guide")
        pulse.show(self.strip, self._html, self.memory)

    def wire(
        self,
        rooms: gr.Tabs,
        header: gr.HTML,
        *,
        caption: CaptionRoom,
        train: TrainRoom,
        generate: GenerateRoom,
    ) -> None:
        """Let the strip's buttons fill the forms and open the rooms."""
        self.rooms, self.caption, self.train, self.generate = rooms, caption, train, generate
        outputs = dict.fromkeys(
            [*caption.filling(), *train.filling(), *generate.filling(), rooms, self.memory]
        )
        events: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        self.strip.act(kindly(self._act), {generate.mixer, *train.inputs()}, list(outputs), **events)
        header.act(_turned, self.memory, self.memory, **events)

    def _html(self, given: Given) -> str:
        memory = given[self.memory] if isinstance(given[self.memory], dict) else {}
        if memory.get("hidden"):
            return ""
        folded = self.own() and not memory.get("open")
        done = self.done_with_any() if folded else self.done()
        current = next((number for number, is_done in enumerate(done) if not is_done), len(STEPS))
        return render("guide", steps=STEPS, done=done, current=current, finished=DONE, folded=folded)

    def own(self) -> bool:
        """Whether there are pictures, or LoRAs, of the person's own."""
        samples = {SUBJECT.dataset, STYLE.dataset}
        taught = {self._name(SUBJECT), self._name(STYLE)}
        loras = {path.stem for path in self.desk.workspace.loras.glob("*.safetensors")}
        return bool(loras - taught or set(list_datasets(self.desk.workspace)) - samples)

    def done_with_any(self) -> list[bool]:
        """Which steps have been taken with whatever pictures: the folded strip says how far one is."""
        trained = [job for job in self.desk.recent("train", 12) if job.state == "done"]
        taught = {purpose_of(job.run.settings) for job in trained}
        captioned = any(map(self._begun, list_datasets(self.desk.workspace)))
        mixed = any(
            job.state == "done" and len(job.run.settings.get("adapters", ())) > 1
            for job in self.desk.recent("generate", 12)
        )
        return [captioned or bool(taught), "subject" in taught, "style" in taught, mixed]

    def done(self) -> list[bool]:
        """Which of the steps have been taken, as the workspace shows."""
        loras = {path.stem for path in self.desk.workspace.loras.glob("*.safetensors")}
        return [
            self._captioned(SUBJECT.dataset),
            self._name(SUBJECT) in loras,
            self._name(STYLE) in loras,
            self._mixed(),
        ]

    def _captioned(self, dataset: str) -> bool:
        try:
            files = picture_files(self.desk.workspace.datasets / dataset)
        except StudioError:
            return False
        return bool(files) and all(read_caption(file) for file in files)

    def _begun(self, dataset: str) -> bool:
        """Whether the first picture has a caption; to read them all would take long in a large dataset."""
        try:
            return any(map(read_caption, picture_files(self.desk.workspace.datasets / dataset)[:1]))
        except StudioError:
            return False

    def _mixed(self) -> bool:
        wanted = {self._name(SUBJECT), self._name(STYLE)}
        return any(
            job.state == "done" and wanted <= {mix["name"] for mix in job.run.settings.get("adapters", ())}
            for job in self.desk.recent("generate", 12)
        )

    def _name(self, sample: Sample) -> str:
        return str(sample.values["name"])

    def _act(self, given: Given, event: gr.EventData) -> Updates:
        if event._data.get("act") == "dismiss":
            return {self.memory: {"hidden": True}}
        if event._data.get("act") in ("unfold", "fold"):
            return {self.memory: {"hidden": False, "open": event._data["act"] == "unfold"}}
        prepare = (self._bring, self._subject, self._style, self._mix)[int(event._data["step"])]
        return prepare(given)

    def _bring(self, given: Given) -> Updates:
        self._import(SUBJECT)
        self._import(STYLE)
        values = {"dataset": SUBJECT.dataset, "captioner": "pocket"}
        return {**self.caption.form.filled(values), **self._open("caption")}

    def _subject(self, given: Given) -> Updates:
        self._import(SUBJECT)
        return self._training(given, SUBJECT)

    def _style(self, given: Given) -> Updates:
        self._import(STYLE)
        if not self._captioned(STYLE.dataset):  # a style is learned beside its captions
            self.desk.submit("caption", CaptionSettings(dataset=STYLE.dataset), STYLE.dataset)
        return self._training(given, STYLE)

    def _training(self, given: Given, sample: Sample) -> Updates:
        values = sample.settings(sample.dataset).model_dump(mode="json")
        return {
            **self.train.filled(given, values, f"The settings for “{sample.dataset}”"),
            **self._open("train"),
        }

    def _mix(self, given: Given) -> Updates:
        used = [
            {"name": self._name(sample), "weight": weight}
            for sample, weight in zip((SUBJECT, STYLE), WEIGHTS, strict=True)
        ]
        return {
            **self.generate.mixed(used, given[self.generate.mixer], prompt=PROMPTS[0], base="pocket"),
            **self._open("generate"),
        }

    def _import(self, sample: Sample) -> None:
        if not (self.desk.workspace.datasets / sample.dataset).is_dir():
            import_pictures(self.desk.workspace, sample.dataset, sorted(sample.folder.glob("*.png")))

    def _open(self, room: str) -> Updates:
        return {self.rooms: gr.update(selected=room)}


def _turned(memory: Any) -> dict[str, bool]:
    """The ? shows the strip, and puts it away again."""
    return {"hidden": not (isinstance(memory, dict) and memory.get("hidden"))}
