"""What came of a training: the verdict with all that was tried, and the checkpoints that are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.data.dataset import dataset_folder, picture_files
from studio.errors import StudioError
from studio.jobs.events import Artifact, EventLog
from studio.jobs.snapshot import JobView
from studio.train.kept import bin_kept, kept, publish_kept
from studio.train.metrics import SHEET, read_verdict
from studio.ui.desk import Desk
from studio.ui.markup import picture_url, render, size_in_words

BESIDE, BESIDE_SIDE = 6, 384  # pictures that are shown beside the verdict's, and their pixels
SCORES = (
    ("likeness", "likeness", "Likeness to your pictures; higher is closer."),
    ("fit", "prompt", "How well it shows what the prompt says; higher is better."),
    ("obeys", "obeys", "How well it heeds the rest of a prompt; higher is better."),
    ("drift", "drift", "How far pictures without the trigger word moved from the base's; lower is better."),
    ("variety", "variety", "How different the seeds are; too low means that it copies."),
)


def verdict_html(desk: Desk, view: JobView) -> str:
    """The verdict of a run; nothing while there is none."""
    run = view.run.folder(desk.workspace)
    verdict = read_verdict(run)
    if not verdict:
        return ""
    tried = [*verdict.get("tried", ()), *verdict.get("cells", ())]  # with scores, where there are any
    cells = {(one["step"], one["weight"]): one for one in tried if one["step"]}
    steps = sorted({step for step, _ in cells})
    weights = sorted({weight for _, weight in cells})
    best = (verdict.get("step"), verdict.get("weight"))
    scored = bool(verdict.get("scored_by"))
    there, used = {one.step for one in kept(run)}, _published(view)
    rows = [
        {
            "step": step,
            "cells": [
                {
                    **_cell(run, cells[step, weight], scored),
                    "best": (step, weight) == best,
                    "used": (step, weight) in used,
                    "there": step in there,
                }
                for weight in weights
                if (step, weight) in cells
            ],
        }
        for step in steps
    ]
    base = verdict.get("base") or next((one for one in tried if not one["step"]), {})
    sheet = run / str(verdict.get("sheet") or SHEET)
    return render(
        "verdict",
        run=run.name,
        yours=_learned_from(desk, view),
        sentence=verdict.get("sentence", ""),
        evidence=[text for text in verdict.get("evidence", ()) if text not in verdict.get("sentence", "")],
        prompts=verdict.get("prompts", ()),
        pictured=any(cell["pictures"] for row in rows for cell in row["cells"]),
        base=_cell(run, {"step": 0, "weight": 0, **base}, scored) if base else None,
        rows=rows,
        weights=weights,
        scored_by=verdict.get("scored_by", ""),
        sheet=picture_url(sheet) if sheet.exists() else "",
    )


def _learned_from(desk: Desk, view: JobView) -> list[str]:
    """Some of the pictures that were learned from, small; none where the dataset is gone."""
    try:
        pictures = picture_files(dataset_folder(desk.workspace, str(view.run.settings.get("dataset", ""))))
    except StudioError:
        return []
    small = [desk.small(picture, BESIDE_SIDE) for picture in pictures[:BESIDE]]
    return [picture_url(one) for one in small if one]


@dataclass(frozen=True)
class Recommended:
    """What a verdict says in a sentence, and the scores of what it recommends by their titles, in words."""

    sentence: str = ""
    scores: dict[str, str] = field(default_factory=dict)


def recommended(desk: Desk, view: JobView) -> Recommended:
    """What the verdict of a run recommends; of nothing while there is none."""
    run = view.run.folder(desk.workspace)
    verdict = read_verdict(run)
    best = (verdict.get("step"), verdict.get("weight"))
    cells = verdict.get("cells") or ()
    chosen = next((one for one in cells if (one["step"], one["weight"]) == best), None)
    scores = _cell(run, chosen, bool(verdict.get("scored_by")))["scores"] if chosen else []
    return Recommended(verdict.get("sentence", ""), {title: value for title, value, _ in scores})


def _cell(run: Path, cell: dict[str, Any], scored: bool) -> dict[str, Any]:
    pictures = [
        [picture_url(run / "verdict" / Path(str(name)).name) for name in of_prompt]
        for of_prompt in cell.get("pictures") or ()
    ]
    scores = [(title, f"{cell[name]:.2f}", told) for name, title, told in SCORES if name in cell]
    return {
        "step": cell["step"],
        "weight": f"{cell['weight']:g}",
        "pictures": pictures,
        "scores": scores if scored else [],
    }


def kept_html(desk: Desk, view: JobView) -> str:
    """The checkpoints of a run with their sizes, and what tidying up would free."""
    run = view.run.folder(desk.workspace)
    there = kept(run)
    if not there:
        return ""
    used = published_steps(view)
    spare = [one for one in there if one.step not in used] if view.state == "done" else []
    return render(
        "kept",
        run=run.name,
        kept=[
            {"step": one.step, "size": size_in_words(one.size_bytes), "resumable": one.resumable,
             "used": one.step in used}
            for one in there
        ],
        done=view.state == "done",
        together=size_in_words(sum(one.size_bytes for one in there)),
        spare=len(spare),
        frees=size_in_words(sum(one.size_bytes for one in spare)),
    )  # fmt: skip


def published_steps(view: JobView) -> set[int]:
    """The checkpoints that the training, or a person, put among the LoRAs."""
    return {step for step, _ in _published(view)}


def _published(view: JobView) -> set[tuple[int, float]]:
    made = (one.facts for one in view.artifacts if one.what == "lora" and "step" in one.facts)
    return {(int(facts["step"]), float(facts.get("weight", 1))) for facts in made}


def use(desk: Desk, run_id: str, step: int, weight: float) -> str:
    """Put a checkpoint among the LoRAs; returns what to tell. Raises `StudioError`."""
    run = desk.queue.read(run_id).folder(desk.workspace)
    target = publish_kept(desk.workspace, run, step, weight=weight)
    EventLog(run).append(Artifact("lora", str(target), {"step": step, "weight": weight}))
    return f"“{target.stem}” is among your LoRAs; its own strength is {weight:g}."


def tidy(desk: Desk, view: JobView) -> str:
    """Put the checkpoints that are not in use into the system's bin; returns what to tell."""
    if view.state != "done":
        raise StudioError("The training has not come to its end", remedy="Tidy up when it has.")
    run, used = view.run.folder(desk.workspace), published_steps(view)
    freed = bin_kept(run, [one.step for one in kept(run) if one.step not in used])
    return f"{size_in_words(freed)} went into the system's bin."
