"""What a run measured: one line a step in `metrics.jsonl`, and the verdict at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from studio.workspace import writing

if TYPE_CHECKING:
    import torch

VERDICT, SHEET = "verdict.json", "verdict.png"
MEASURED = ("seconds", "memory")
"""What a line says of the machine; everything else in it is the same whenever the run is done again."""


class Metrics:
    """The steps of a run up to the one it goes on from; what came after is made again."""

    def __init__(self, folder: Path, done: int) -> None:
        self.path = folder / "metrics.jsonl"
        kept = [line for line in read_metrics(folder) if line["step"] <= done]
        with writing(self.path) as file:
            file.writelines(json.dumps(line) + "\n" for line in kept)

    def add(self, step: int, **figures: float) -> None:
        """Write down one step's figures."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **figures}) + "\n")


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The lines of a run, oldest first; one that was cut off is left out."""
    try:
        lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


def memory_used(device: torch.device) -> int:
    """Bytes: the most that the card had to hold so far, or what this process holds where there is no card."""
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return int(psutil.Process().memory_info().rss)


def read_verdict(folder: Path) -> dict[str, Any]:
    """The verdict of a run; empty as long as there is none.

    "step", "weight", "sentence" and "evidence" recommend; "prompts" are the three of the sheet, "tried" all
    that was painted (each with step, weight and "pictures": for each prompt the files of its seeds in
    `verdict/`), the base at step 0 first; "cells" and "base" are the same with their scores (likeness, fit,
    obeys, drift, variety), where "scored_by", the CLIP that looked, is not empty. The sheet is `SHEET`.
    """
    try:
        found = json.loads((folder / VERDICT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
