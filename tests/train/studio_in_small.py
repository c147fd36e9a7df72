"""A workspace with a tiny base model and a few pictures, and runs in it, for the tests of training."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event
from studio.jobs.run import Run, new_run
from studio.train.engine import TrainEngine
from studio.train.metrics import MEASURED, read_metrics
from studio.train.settings import TrainSettings
from studio.workspace import Workspace
from tests.tiny import SIDE, write_tiny_pipeline

COLOURS = ("red", "green", "blue", "yellow")


@dataclass
class Small:
    """The workspace, and what its runs told."""

    workspace: Workspace
    events: list[Event] = field(default_factory=list)

    def settings(self, **values: Any) -> TrainSettings:
        """Few steps on the tiny base; what the test is about comes in `values`."""
        small = {
            "dataset": "dots",
            "base": "tiny",
            "class_word": "dot",
            "steps": 4,
            "rank": 2,
            "resolution": SIDE,
            "gradient_checkpointing": False,
            "sample_every": 1000,
            "verdict": "none",
            "seed": 7,
        }
        return TrainSettings.parse({**small, **values})

    def run(self, **values: Any) -> Run:
        """A run that has not begun."""
        return new_run(self.workspace, "train", self.settings(**values))

    def train(self, run: Run, context: Context | None = None) -> str:
        """Do the run, or go on with it."""
        settings = TrainSettings.parse(run.settings)
        return TrainEngine()(context or Context(self.workspace, run, self.events.append), settings)

    def steps(self, run: Run) -> list[dict[str, float]]:
        """What was written down of each step, without what depends on the machine."""
        lines = read_metrics(run.folder(self.workspace))
        return [{name: value for name, value in line.items() if name not in MEASURED} for line in lines]

    def told(self, what: str) -> list[Artifact]:
        """The artifacts of a kind, in order."""
        return [event for event in self.events if isinstance(event, Artifact) and event.what == what]


class StoppedAfter(Context):
    """A context whose person presses Stop after a number of steps."""

    def __init__(self, small: Small, run: Run, steps: int) -> None:
        super().__init__(small.workspace, run, small.events.append)
        self.steps = steps

    def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
        super().progress(step, total, message, **values)
        if step == self.steps:
            (self.folder / "stop").touch()


def make_small(folder: Path, pictures: int = 4) -> Small:
    """A workspace in `folder` with the base “tiny” and the dataset “dots”."""
    workspace = Workspace.open(folder)
    write_tiny_pipeline(workspace.models / "tiny")
    dataset = workspace.datasets / "dots"
    dataset.mkdir()
    for number in range(pictures):
        draw_picture(dataset / f"{number}.png", COLOURS[number % len(COLOURS)])
    return Small(workspace)


def draw_picture(path: Path, colour: str, size: tuple[int, int] = (SIDE, SIDE)) -> None:
    """A coloured disc on white."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((8, 8, size[0] - 8, size[1] - 8), fill=colour)
    image.save(path)
