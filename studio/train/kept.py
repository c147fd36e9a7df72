"""The checkpoints that a run keeps: how large they are, another one published, some of them let go."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from send2trash import send2trash

from studio.adapters.header import read_header
from studio.errors import TrainingError
from studio.train.checkpoints import LORA, STATE
from studio.workspace import Workspace, safe_name


@dataclass(frozen=True)
class Kept:
    """One checkpoint; a `resumable` one holds what the training can go on from, too."""

    step: int
    path: Path
    size_bytes: int
    resumable: bool


def kept(run: Path) -> tuple[Kept, ...]:
    """The checkpoints in a run's folder, by step."""
    files = sorted((run / "checkpoints").glob(f"step-*/{LORA}"))
    return tuple(
        Kept(
            step=int(file.parent.name.removeprefix("step-")),
            path=file,
            size_bytes=sum(each.stat().st_size for each in file.parent.iterdir()),
            resumable=(file.parent / STATE).exists(),
        )
        for file in files
    )


def publish_kept(workspace: Workspace, run: Path, step: int, *, weight: float = 1.0) -> Path:
    """Put a checkpoint among the LoRAs under a free name, with its preview and what A1111 reads beside it.

    Raises `TrainingError` if the run has no checkpoint of this step.
    """
    from studio.train.export import add_card, free_name

    found = next((each for each in kept(run) if each.step == step), None)
    if found is None:
        raise TrainingError(f"The checkpoint of step {step} is not there any more")
    metadata = read_header(found.path).metadata
    title = metadata.get("modelspec.title") or metadata.get("ss_output_name") or run.name
    name = free_name(workspace.loras, safe_name(f"{title} step {step}"))
    target = workspace.loras / f"{name}.safetensors"
    shutil.copyfile(found.path, target)
    preview = preview_of(run / "samples", step)
    if preview is not None:
        shutil.copyfile(preview, target.with_suffix(".png"))
    add_card(target, _recipe(metadata), weight=weight, notes=f"Checkpoint {step} of {run.name}.")
    return target


def bin_kept(run: Path, steps: Iterable[int]) -> int:
    """Put the checkpoints of these steps into the system's bin; returns how many bytes they held."""
    chosen = set(steps)
    gone = [each for each in kept(run) if each.step in chosen]
    for each in gone:
        send2trash(each.path.parent)
    return sum(each.size_bytes for each in gone)


def preview_of(samples: Path, step: int) -> Path | None:
    """The sample of the first prompt painted nearest to this step, of equals the later; never the base's."""
    there = {int(path.stem.split("-")[1]): path for path in samples.glob("step-*-1.png")}
    trained = {each: path for each, path in there.items() if each > 0}
    if not trained:
        return None
    return trained[min(trained, key=lambda each: (abs(each - step), -each))]


def _recipe(metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        recipe = json.loads(metadata.get("studio_recipe", ""))
    except ValueError:
        return {}
    return recipe if isinstance(recipe, dict) else {}
