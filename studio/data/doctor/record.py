"""The record of what was measured: by content, so that no picture is measured twice, whatever its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache as remembered
from pathlib import Path
from typing import Any

from studio.data.doctor.findings import Check
from studio.data.doctor.viewing import view
from studio.data.hashes import picture_hash
from studio.data.lines import append_line, read_lines
from studio.errors import PictureError
from studio.workspace import Workspace

Measured = dict[str, Any]
"""What each check measured, under its name and version."""


def facts_of(picture: Path, workspace: Workspace, checks: Sequence[Check]) -> Mapping[str, Any]:
    """What the checks measured of a picture by their names, now or at some time before.

    Raises `PictureError` if not all of the picture can be decoded.
    """
    content = picture_hash(picture, workspace.cache)
    keys = {check.name: f"{check.name} {check.version}" for check in checks if check.measures}
    known = _known(workspace.cache)
    found = known.get(content, {})
    if found is not None and not found.keys() >= set(keys.values()):
        found = known[content] = _measure(picture, checks, keys)
        append_line(_file(workspace.cache), [content, found])
    if found is None:
        raise PictureError(
            f"{picture.name} is damaged",
            why="Not all of it can be decoded",
            remedy="Export or download it again.",
        )
    return {name: found[key] for name, key in keys.items()}


def _measure(picture: Path, checks: Sequence[Check], keys: Mapping[str, str]) -> Measured | None:
    """None for a picture that is damaged."""
    try:
        seen = view(picture)
    except PictureError:
        return None
    return {keys[check.name]: check.measure(seen) for check in checks if check.measures}


@remembered
def _known(cache: Path) -> dict[str, Measured | None]:
    """All that was ever measured; the last line of a picture counts."""
    return dict(read_lines(_file(cache)))


def _file(cache: Path) -> Path:
    return cache / "picture-facts.jsonl"
