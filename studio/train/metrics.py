"""Metrics: one line a step in `metrics.jsonl`."""

from __future__ import annotations

import json
from pathlib import Path

from studio.workspace import writing


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
