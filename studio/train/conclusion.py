"""The conclusion of a training: its file proved, its checkpoints judged, the best one published."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import Cancelled, Paused
from studio.jobs.context import Context
from studio.models.source import resolve
from studio.train.checkpoints import Checkpoints
from studio.train.export import Recipe, publish
from studio.train.kept import preview_of
from studio.train.metrics import SHEET, VERDICT, read_metrics
from studio.train.verdict.judging import judge
from studio.train.verdict.proof import prove
from studio.workspace import writing

if TYPE_CHECKING:
    from studio.families._base import Model
    from studio.train.verdict.trial import Trial

NO_EYES = (
    "The verdict rests on the held-out loss and the samples alone, because there is no CLIP model here. "
    "Put one (a transformers folder) into models/ to have pictures compared as well."
)


def conclude(context: Context, model: Model, recipe: Recipe) -> str:
    """Try what was trained on a fresh base, then publish it; returns what came of it in a sentence.

    Raises `TrainingError` or `AdapterError` if the file does not give back what was trained.
    """
    from studio.train.verdict.trial import Trial

    steps = recipe.settings.steps
    loras = Checkpoints(context.folder / "checkpoints").loras()
    trial = Trial(model, recipe.plan.resolution)
    _tell(context, recipe, "Reading the LoRA back into a fresh base")
    sample = context.folder / "samples" / f"step-{steps:06d}-1.png"
    proof = prove(trial, loras[steps], sample, recipe.plan.prompts[0], recipe.run.seed)
    verdict = _verdict(context, trial, recipe, loras)
    context.artifact("check", name="proof", **asdict(proof))
    preview = preview_of(context.folder / "samples", verdict["step"])
    target = publish(loras[verdict["step"]], context.workspace.loras, recipe, preview, verdict)
    context.artifact("lora", target, name=target.stem, weight=verdict["weight"], step=verdict["step"])
    megabytes = target.stat().st_size / 1e6
    return f"“{target.stem}” is trained: {steps} steps, {megabytes:.1f} MB. {verdict['sentence']}"


def _verdict(context: Context, trial: Trial, recipe: Recipe, loras: dict[int, Path]) -> dict[str, Any]:
    """The verdict, which a Stop leaves out: the training itself is done by then."""
    last = {"step": recipe.settings.steps, "weight": 1.0, "sentence": "", "evidence": []}
    if recipe.settings.verdict == "none":
        return last
    began = time.monotonic()
    try:
        verdict = _judged(context, trial, recipe, loras)
    except Paused:
        raise
    except Cancelled:
        return {**last, "sentence": "The verdict was left out, as you asked."}
    verdict["seconds"] = round(time.monotonic() - began, 1)
    with writing(context.folder / VERDICT) as file:
        json.dump(verdict, file, ensure_ascii=False, indent=1)
    facts = {name: verdict[name] for name in ("step", "weight", "sentence", "evidence")}
    context.artifact("verdict", context.folder / SHEET, **facts)
    return verdict


def _judged(context: Context, trial: Trial, recipe: Recipe, loras: dict[int, Path]) -> dict[str, Any]:
    from studio.train.verdict.eyes import Eyes, find_eyes

    folder = find_eyes(resolve(recipe.settings.base, context.workspace), context.workspace)
    eyes = Eyes(folder, trial.model.device) if folder else None
    if eyes is None:
        context.artifact("note", text=NO_EYES)
    lines = read_metrics(context.folder)

    def check(message: str) -> None:
        context.check()
        _tell(context, recipe, message)

    return judge(
        trial,
        recipe,
        loras,
        eyes,
        held_out={int(line["step"]): line["held_out"] for line in lines if "held_out" in line},
        check=check,
        sheet=context.folder / SHEET,
    )


def _tell(context: Context, recipe: Recipe, message: str) -> None:
    context.progress(recipe.settings.steps, recipe.settings.steps, message)
