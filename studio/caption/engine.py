"""The captioning engine: the pictures of a dataset, a few at once, to captions beside them."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path

from PIL.Image import Image

from studio.caption.batches import Batches, Opened, opened
from studio.caption.captioners._base import OpenedCaptioner
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.data.captions import caption_file, read_caption, write_caption
from studio.data.dataset import Dataset, Picture, dataset_folder, open_dataset
from studio.errors import PictureError
from studio.jobs.context import Context
from studio.jobs.events import Artifact, EventLog


class CaptionEngine:
    """Captions datasets; the model stays open from job to job."""

    def __init__(self) -> None:
        self._name = ""
        self._captioner: OpenedCaptioner | None = None

    def __call__(self, context: Context, settings: CaptionSettings) -> str:
        """Do one job and say what came of it; resumed, it goes on with what is not done in this run."""
        dataset = open_dataset(dataset_folder(context.workspace, settings.dataset))
        task = _Task(context, settings, dataset)
        if task.waiting:
            context.progress(task.step, task.total, f"Opening {CAPTIONERS.get(settings.captioner).title}")
            task.work(self._open(settings.captioner, context))
        return task.outcome()

    def _open(self, name: str, context: Context) -> OpenedCaptioner:
        if self._captioner is None or self._name != name:
            from studio.models.opening import best_device

            self._captioner = None  # its memory is needed for the next one
            self._captioner, self._name = CAPTIONERS.get(name).open(best_device(), context), name
        return self._captioner


class _Task:
    """One job: which pictures wait for a caption, and what became of the others."""

    def __init__(self, context: Context, settings: CaptionSettings, dataset: Dataset) -> None:
        self.context, self.settings = context, settings
        earlier = [event for event in EventLog(context.folder).since()[0] if isinstance(event, Artifact)]
        captioned = {event.path for event in earlier if event.what == "caption"}
        self.noted = {event.facts.get("text") for event in earlier if event.what == "note"}
        self.captioned, self.kept, self.speechless, self.unreadable = len(captioned), 0, 0, 0
        for fault in dataset.damaged:
            self._leave_out(fault)
        self.waiting = self._choose([one for one in dataset.pictures if str(one.path) not in captioned])
        self.step, self.total = len(captioned), len(captioned) + len(self.waiting)

    def _choose(self, pictures: list[Picture]) -> list[Picture]:
        """The pictures to caption; of those that share one caption file, only the first."""
        chosen: dict[Path, Picture] = {}
        for picture in pictures:
            file = caption_file(picture.path)
            if picture.caption.strip() and self.settings.existing == "keep":
                self.kept += 1
            elif file in chosen:
                other = chosen[file].path.name
                self._note(
                    f"{picture.path.name} was left out: it shares {file.name} with {other}. Rename one."
                )
            else:
                chosen[file] = picture
        return list(chosen.values())

    def work(self, captioner: OpenedCaptioner) -> None:
        """Caption all that wait; stopped, what is done stays done."""
        batches = Batches(captioner, self.settings.batch_size)
        with closing(opened(self.waiting, captioner.side, ahead=2 * batches.size)) as coming:
            while batch := list(islice(coming, batches.size)):
                self.context.check()
                self._caption(batch, batches)

    def _caption(self, batch: list[Opened], batches: Batches) -> None:
        sound: list[tuple[Picture, Image]] = []
        for picture, image in batch:
            if isinstance(image, PictureError):
                self._leave_out(image)
                self._advance(picture)
            else:
                sound.append((picture, image))
        captions = batches.captions([image for _, image in sound])
        for (picture, _), text in zip(sound, captions, strict=True):
            self._write(picture, " ".join(text.split()))
            self._advance(picture)

    def _write(self, picture: Picture, words: str) -> None:
        """Write a caption, unless there is nothing to write or somebody wrote one meanwhile."""
        if not words:
            self.speechless += 1
            self._note(f"The captioner had no words for {picture.path.name}; its caption is as it was.")
        elif read_caption(picture.path) != picture.caption:
            self.kept += 1
        else:
            caption = f"{self.settings.prefix.strip()} {words}".strip()
            write_caption(picture.path, caption, by=self.settings.captioner)
            self.context.artifact("caption", picture.path, caption=caption)
            self.captioned += 1

    def _advance(self, picture: Picture) -> None:
        self.step += 1
        self.context.progress(self.step, self.total, picture.path.name)

    def _leave_out(self, fault: PictureError) -> None:
        self.unreadable += 1
        self._note(str(fault))

    def _note(self, text: str) -> None:
        """Tell it once in a run, however often that is resumed."""
        if text not in self.noted:
            self.noted.add(text)
            self.context.artifact("note", text=text)

    def outcome(self) -> str:
        """What came of it, in a sentence."""
        parts = [f"Captioned {_pictures(self.captioned)}" if self.captioned else "No picture was captioned"]
        if self.kept:
            parts.append(f"{self.kept} had {'a caption' if self.kept == 1 else 'captions'} already")
        if self.unreadable:
            parts.append(f"{self.unreadable} could not be read")
        if self.speechless:
            parts.append(f"the captioner had no words for {self.speechless}")
        return "; ".join(parts) + "."


def _pictures(count: int) -> str:
    return "1 picture" if count == 1 else f"{count} pictures"
