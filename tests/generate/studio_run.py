"""Generations as a test runs them: on a tiny base, with everything that they told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.generate.engine import GenerateEngine
from studio.generate.settings import GenerateSettings
from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event
from studio.jobs.run import new_run
from studio.workspace import Workspace


@dataclass
class Bench:
    """One engine in one workspace; `told` are the events of the last generation."""

    workspace: Workspace
    base: Path
    engine: GenerateEngine = field(default_factory=GenerateEngine)
    told: list[Event] = field(default_factory=list)

    def run(self, tell: Callable[[Event], None] = lambda event: None, **values: Any) -> str:
        """Run a generation of few steps; returns the sentence at its end."""
        settings = GenerateSettings.parse({"base": str(self.base), "steps": 4, "seed": 1, **values})
        self.told = []

        def hear(event: Event) -> None:
            self.told.append(event)
            tell(event)

        return self.engine(
            Context(self.workspace, new_run(self.workspace, "generate", settings), hear), settings
        )

    def made(self, what: str = "picture") -> list[Artifact]:
        return [event for event in self.told if isinstance(event, Artifact) and event.what == what]

    def paint(self, **values: Any) -> list[NDArray[np.uint8]]:
        """The pixels of the pictures of a generation."""
        self.run(**values)
        return [np.asarray(Image.open(artifact.path)) for artifact in self.made()]
