"""The process in which a training is counted: see `studio.train.fitting`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.memory.blueprints import blueprint
from studio.memory.process import answer
from studio.train.memory.trial import Counted, count
from studio.train.settings import TrainSettings
from studio.workspace import Workspace


def work(question: Mapping[str, Any]) -> dict[str, Any]:
    """The peaks and facts of these settings; without checkpointing also what a step needs with it."""
    plan = blueprint(question["base"], Workspace(Path(question["workspace"])))
    settings = TrainSettings.parse({"dataset": "-", "base": question["base"], **question["settings"]})

    def counted(settings: TrainSettings) -> Counted:
        return count(settings, plan, dtype=settings.precision, frugal=question["frugal"])

    found = counted(settings)
    facts = {**found.facts, "resolution": settings.resolution}
    if not settings.gradient_checkpointing:
        facts["checkpointed"] = counted(settings.model_copy(update={"gradient_checkpointing": True})).facts[
            "activations"
        ]
    return {"peaks": found.peaks, "facts": facts}


if __name__ == "__main__":
    answer(work)
