"""What is already measured of these very weights: figures and pictures that need not be made twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from studio.pocket.icons import BUILD
from studio.pocket.stage import ASSETS
from studio.settings import PRESETS

Figures = dict[str, float]
PRESETS_OF = {
    "presets": ("pocket-subject", "pocket-style"),
    "sibling presets": ("pocket-xl-subject", "pocket-transformer-subject"),
}


def fingerprint(parts: Sequence[str]) -> str:
    """Twelve hex digits of these parts: weights by their folder, "judge", and presets of a training."""
    digest = hashlib.sha256()
    for part in parts:
        for path in _files(part):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _files(part: str) -> list[Path]:
    if part in PRESETS_OF:
        return [PRESETS / "train" / f"{name}.toml" for name in PRESETS_OF[part]]
    return [BUILD / "judge.pt"] if part == "judge" else sorted((ASSETS / part).glob("*.safetensors"))


def place(parts: Sequence[str]) -> Path:
    """A folder for what is made with these weights."""
    folder = BUILD / "evaluate" / fingerprint(parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept(path: Path, measure: Callable[[], Figures]) -> Figures:
    """The figures in this file; measured and written there if it is not there yet."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        figures = {key: round(value, 4) for key, value in measure().items()}
        unfinished = path.with_suffix(".tmp")
        unfinished.write_text(json.dumps(figures, indent=1))
        unfinished.replace(path)
    found: Figures = json.loads(path.read_text())
    return found
