"""Samples as one sees them: by prompt, through the steps, with the base's own beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.jobs.events import Artifact
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.markup import picture_url, render

THUMB = 96  # pixels; shown at half of it


def samples_html(desk: Desk, view: JobView) -> str:
    """All samples of a run; nothing while there are none."""
    strips = by_prompt(view)
    if not strips:
        return ""
    steps = sorted({int(one.facts.get("step", 0)) for strip in strips.values() for one in strip})
    prompts = [_prompt(desk, prompt, strip) for prompt, strip in strips.items()]
    return render("samples", prompts=prompts, steps=steps)


def by_prompt(view: JobView) -> dict[str, list[Artifact]]:
    """The samples by prompt, each once (a resumed training may paint one again), oldest first."""
    strips: dict[str, dict[str, Artifact]] = {}
    for artifact in view.artifacts:
        if artifact.what == "sample":
            strips.setdefault(str(artifact.facts.get("prompt", "")), {})[artifact.path] = artifact
    return {
        prompt: sorted(found.values(), key=lambda one: int(one.facts.get("step", 0)))
        for prompt, found in strips.items()
    }


def _prompt(desk: Desk, prompt: str, strip: list[Artifact]) -> dict[str, Any]:
    trained = [one for one in strip if one.facts.get("step", 0)]
    before = next((one for one in strip if not one.facts.get("step", 0)), None)
    return {
        "prompt": prompt,
        "trigger": any(one.facts.get("trigger", True) for one in strip),
        "seed": strip[0].facts.get("seed"),
        "trained": bool(trained) or before is None,
        "before": picture_url(before.path) if before else "",
        "samples": [
            {
                "url": picture_url(one.path),
                "small": picture_url(desk.small(Path(one.path), THUMB) or one.path),
                "step": int(one.facts.get("step", 0)),
                "asked": bool(one.facts.get("asked")),
            }
            for one in (trained or strip)
        ],
    }
