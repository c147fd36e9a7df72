"""What a training looks like: its progress, losses, samples, checkpoints, and the LoRA at its end."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from studio.jobs.events import Artifact
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import STATES, behind, facts
from studio.ui.markup import render
from studio.ui.plot import Losses, loss_plot

EARLIER = 30  # trainings in the list
EMPTY = (
    "Choose a dataset and press Train. Its progress, the loss and sample pictures appear here as it learns."
)


class TrainingView:
    """Renders trainings, and remembers how far their losses were read."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._losses: dict[str, Losses] = {}

    def html(self, chosen: str) -> str:
        """The chosen training, or the newest; a sentence where there is none."""
        earlier = self.desk.recent("train", EARLIER)
        view = next((one for one in earlier if one.run.id == chosen), next(iter(earlier), None))
        if view is None:
            return render("training", job=None, empty=EMPTY)
        folder = view.run.folder(self.desk.workspace)
        losses = self._losses.setdefault(view.run.id, Losses(folder)).look()
        return render(
            "training",
            job=facts(self.desk, view),
            behind=behind(self.desk, view),
            earlier=[{"id": one.run.id, "title": _line(one)} for one in earlier],
            plot=Markup(loss_plot(losses, view.total)),
            strips=_strips(view),
            checkpoints=_checkpoints(view),
            folder=str(folder / "checkpoints"),
            lora=self._lora(view),
        )

    def _lora(self, view: JobView) -> dict[str, Any] | None:
        made = [artifact for artifact in view.artifacts if artifact.what == "lora"]
        if not made or not Path(made[-1].path).exists():
            return None
        path, settings = Path(made[-1].path), view.run.settings
        subject = f"{settings.get('trigger', '')} {settings.get('class_word', '')}".strip()
        return {
            "name": path.stem,
            "file": path.name,
            "trigger": settings.get("trigger", ""),
            "prompt": _prompt(view) or subject,
            "base": settings.get("base", "pocket"),
            "preview": self.desk.small(path.with_suffix(".png"), 128),
        }


def _line(view: JobView) -> str:
    begun = datetime.fromtimestamp(view.run.created)
    day = begun.strftime("%H:%M") if begun.date() == datetime.now().date() else begun.strftime("%d %b, %H:%M")
    return f"{view.run.title} · {day} · {STATES[view.state].lower()}"


def _strips(view: JobView) -> list[dict[str, Any]]:
    """The samples by prompt, each once (a resumed training may paint one again), oldest first."""
    strips: dict[str, dict[str, Artifact]] = {}
    for artifact in view.artifacts:
        if artifact.what == "sample":
            strips.setdefault(str(artifact.facts.get("prompt", "")), {})[artifact.path] = artifact
    return [
        {
            "prompt": prompt,
            "samples": [
                {"path": one.path, "step": int(one.facts.get("step", 0))} for one in samples.values()
            ],
        }
        for prompt, samples in strips.items()
    ]


def _checkpoints(view: JobView) -> list[int]:
    there = {int(a.facts["step"]) for a in view.artifacts if a.what == "checkpoint" and Path(a.path).exists()}
    return sorted(there)


def _prompt(view: JobView) -> str:
    """The first sample prompt: what the LoRA was watched with is a good beginning to paint with it."""
    return next((str(a.facts.get("prompt", "")) for a in view.artifacts if a.what == "sample"), "")
