"""The record of what was measured: by content, so that no picture is measured twice, whatever its name."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.data.doctor.findings import Check
from studio.data.doctor.viewing import view
from studio.data.hashes import picture_hash
from studio.errors import PictureError
from studio.workspace import Workspace, writing

Measured = dict[str, Any]
"""What each check measured, under its name and version; None instead for a picture that is damaged."""


def facts_of(picture: Path, workspace: Workspace, checks: Sequence[Check]) -> Mapping[str, Any]:
    """What the checks measured of a picture by their names, now or at some time before.

    Raises `PictureError` if not all of the picture can be decoded.
    """
    keys = {check.name: f"{check.name} {check.version}" for check in checks if check.measures}
    file = workspace.cache / "doctor" / f"{picture_hash(picture, workspace.cache)[:32]}.json"
    known = _read(file)
    if known is not None and not known.keys() >= set(keys.values()):
        known = _measure(picture, checks, keys)
        with writing(file) as written:
            json.dump(known, written)
    if known is None:
        raise PictureError(
            f"{picture.name} is damaged",
            why="Not all of it can be decoded",
            remedy="Export or download it again.",
        )
    return {name: known[key] for name, key in keys.items()}


def _read(file: Path) -> Measured | None:
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if known is None or isinstance(known, dict) else {}


def _measure(picture: Path, checks: Sequence[Check], keys: Mapping[str, str]) -> Measured | None:
    try:
        seen = view(picture)
    except PictureError:
        return None
    return {keys[check.name]: check.measure(seen) for check in checks if check.measures}
