"""The process in which a generation is counted: see `studio.generate.fitting`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.generate.memory.trial import count
from studio.generate.settings import GenerateSettings
from studio.memory.blueprints import blueprint
from studio.memory.process import answer
from studio.workspace import Workspace


def work(question: Mapping[str, Any]) -> dict[str, Any]:
    """The peaks with all parts on the card ("together"), one at a time ("parts"), and with a tiled VAE."""
    plan = blueprint(question["base"], Workspace(Path(question["workspace"])))
    settings = GenerateSettings.parse({"base": question["base"], **question["settings"]})
    dtype = question["precision"]
    together = count(settings, plan, dtype=dtype, frugal=False)
    parts = count(settings, plan, dtype=dtype, frugal=True)
    tiled = count(settings, plan, dtype=dtype, frugal=True, tiled=True)
    return {
        "together": together.peaks,
        "parts": parts.peaks,
        "tiled": tiled.peaks,
        "each": parts.each,
        "stored": parts.stored,
    }


if __name__ == "__main__":
    answer(work)
