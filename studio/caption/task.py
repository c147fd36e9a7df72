"""A captioning task: which pictures wait for a caption, and what became of the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.data.captions import caption_file, read_caption, write_captions
from studio.data.dataset import Dataset, Picture
from studio.errors import CaptionConflict, PictureError
from studio.jobs.context import Context
from studio.jobs.events import Artifact, EventLog

Said = tuple[Picture, str | PictureError]
"""A picture with what was said of it, or why it could not be read."""


class Task:
    """The pictures of one job, and the accounts of it. Resumed, it knows what it did before."""

    def __init__(self, context: Context, settings: CaptionSettings, dataset: Dataset) -> None:
        self.context, self.settings = context, settings
        names = [name for name in (settings.captioner, settings.second) if name]
        self.by = " + ".join(names)
        self.note = "Captions by " + " and ".join(CAPTIONERS.get(name).title for name in names)
        earlier = [event for event in EventLog(context.folder).since()[0] if isinstance(event, Artifact)]
        captioned = {event.path for event in earlier if event.what == "caption"}
        self.noted = {event.facts.get("text") for event in earlier if event.what == "note"}
        self.captioned, self.kept, self.speechless, self.unreadable = len(captioned), 0, 0, 0
        for fault in dataset.damaged:
            if not settings.only or any(name in str(fault) for name in settings.only):
                self._leave_out(fault)
        self.waiting = self._choose([one for one in dataset.pictures if str(one.path) not in captioned])
        self.step, self.total = len(captioned), len(captioned) + len(self.waiting)

    def _choose(self, pictures: list[Picture]) -> list[Picture]:
        """The pictures to caption; of those that share one caption file, only the first."""
        chosen: dict[Path, Picture] = {}
        for picture in pictures:
            file = caption_file(picture.path)
            if self.settings.only and picture.path.name not in self.settings.only:
                continue
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

    def take(self, said: Sequence[Said]) -> None:
        """Write what was said of some pictures, and count and tell what became of each."""
        words: dict[Picture, str] = {}
        for picture, text in said:
            if isinstance(text, PictureError):
                self._leave_out(text)
            elif text:
                words[picture] = f"{self.settings.prefix.strip()} {text}".strip()
            else:
                self.speechless += 1
                self._note(f"The captioner had no words for {picture.path.name}; its caption is as it was.")
        written = self._write(words)
        self.captioned += len(written)
        self.kept += len(words) - len(written)
        for picture, caption in written.items():
            self.context.artifact("caption", picture.path, caption=caption)
        self.step += len(said)
        self.context.progress(self.step, self.total, said[-1][0].path.name)

    def _write(self, words: dict[Picture, str]) -> dict[Picture, str]:
        """Write captions, except where somebody wrote one since the job began; gives those written."""
        while words := {one: text for one, text in words.items() if read_caption(one.path) == one.caption}:
            try:
                write_captions(
                    {one.path: text for one, text in words.items()},
                    by=self.by,
                    note=self.note,
                    expected={one.path: one.caption for one in words},
                    group=self.context.run.id,
                )
                break
            except CaptionConflict:  # between the look and the writing; look again
                continue
        return words

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
