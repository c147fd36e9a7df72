"""A captioner without a model, and a captioning job around it; run as a program, it is killed midway."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL.Image import Image

from studio.caption.captioners._base import Captioner, OpenedCaptioner
from studio.caption.engine import CaptionEngine
from studio.caption.settings import CaptionSettings
from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event, EventLog, Progress
from studio.jobs.run import Run, new_run
from studio.registry import _load
from studio.workspace import Workspace

Say = Callable[[list[Image]], list[str]]


def sizes(images: list[Image]) -> list[str]:
    """Says what tells one picture from another here: its size."""
    return [f"a picture of {image.width} by {image.height}" for image in images]


class Fake(Captioner, OpenedCaptioner):
    """Says what it is told to say, and remembers the batches and how often it was opened."""

    title, about, licence, side = "Fake", "For tests.", "none", 1000

    def __init__(self, say: Say = sizes, *, name: str = "fake") -> None:
        self.name, self.say, self.batches, self.opened = name, say, list[int](), 0
        self.keeps, self.life = True, list[str]()
        _load("studio.caption.captioners")[name] = self

    def open(self, device: Any, context: Context, settings: CaptionSettings) -> Fake:
        self.opened += 1
        return self

    def caption(self, images: list[Image], settings: CaptionSettings) -> list[str]:
        self.batches.append(len(images))
        return self.say(images)

    def rest(self) -> bool:
        self.life.append("rest")
        return self.keeps

    def wake(self) -> Fake:
        self.life.append("wake")
        return self


class Job:
    """One captioning run, whose events go into its log and are at hand."""

    def __init__(self, workspace: Workspace, dataset: Path, **settings: Any) -> None:
        self.workspace = workspace
        values = {"dataset": str(dataset), "captioner": "fake", "batch_size": 2, **settings}
        self.settings = CaptionSettings.parse(values)
        self.run: Run = new_run(workspace, "caption", self.settings)
        self.events: list[Event] = []

    def work(self, engine: CaptionEngine | None = None) -> str:
        """Do the job, or go on with it."""
        self.events = []
        return (engine or CaptionEngine())(Context(self.workspace, self.run, self._tell), self.settings)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        EventLog(self.run.folder(self.workspace)).append(event)

    def captions(self) -> dict[str, str]:
        return {Path(one.path).name: one.facts["caption"] for one in self._artifacts("caption")}

    def notes(self) -> list[str]:
        return [one.facts["text"] for one in self._artifacts("note")]

    def steps(self) -> list[tuple[int, int]]:
        return [(one.step, one.total) for one in self.events if isinstance(one, Progress)]

    def _artifacts(self, what: str) -> list[Artifact]:
        return [one for one in self.events if isinstance(one, Artifact) and one.what == what]


def _killed_at(count: int) -> Say:
    seen = 0

    def say(images: list[Image]) -> list[str]:
        nonlocal seen
        seen += len(images)
        if seen > count:
            os.kill(os.getpid(), signal.SIGKILL)
        return sizes(images)

    return say


if __name__ == "__main__":
    root, folder, run_id = sys.argv[1:]
    Fake(_killed_at(4))
    job = Job(Workspace.open(root), Path(folder), existing="replace")
    Path(run_id).write_text(job.run.id, encoding="utf-8")
    job.work()
