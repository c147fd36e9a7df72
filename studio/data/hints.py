"""Hints: what a dataset says of itself beside its captions, kept in a small file in its hidden folder.

Whoever trains or captions may heed them: the trigger word and the class of the subject, how often a
picture comes in one epoch, and the colour that shows through transparent pictures. A folder that is
called `10_zwx cat`, as kohya's trainer wants it, gives hints by its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import ImageColor

from studio.data.journal import Journal
from studio.data.sidecars import HISTORY
from studio.errors import DatasetError
from studio.workspace import writing

MOST_REPEATS = 10_000


@dataclass(frozen=True)
class Hints:
    """What is known of a dataset; empty where nothing is."""

    trigger: str = ""
    class_word: str = ""
    repeats: Mapping[str, int] = field(default_factory=dict)
    """How often the picture of this file name comes in one epoch, where that is not once."""
    everywhere: int = 1
    """How often every other picture comes."""
    background: str = "white"

    def repeats_of(self, picture: Path) -> int:
        """How often a picture comes in one epoch."""
        return self.repeats.get(picture.name, self.everywhere)


def hints(folder: Path) -> Hints:
    """The hints of a dataset: those kept in it, else those its name gives."""
    file = _file(folder)
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError:
        return hints_of_name(folder.name) or Hints()


def set_hints(folder: Path, **changed: Any) -> Hints:
    """Keep hints in a dataset; those not given stay. Raises `DatasetError` for a colour that is none."""
    _check_colour(changed.get("background", "white"))
    with Journal(folder).locked():
        now = replace(hints(folder), **changed)
        with writing(_file(folder)) as file:
            json.dump(asdict(now), file, ensure_ascii=False, indent=1)
        _read.cache_clear()  # two changes may fall into one tick of the disk's clock
    return now


def hints_of_name(name: str) -> Hints | None:
    """What kohya's folder names say: `10_zwx cat` is ten times each, trigger zwx, class cat."""
    found = re.fullmatch(r"(\d{1,3})_(\S+)(?:\s+(.+))?", name.strip())
    if found is None:
        return None
    repeats, trigger, class_word = found.groups()
    return Hints(trigger, (class_word or "").strip(), everywhere=max(1, int(repeats)))


def _file(folder: Path) -> Path:
    return folder / HISTORY / "dataset.json"


@lru_cache(maxsize=64)
def _read(file: Path, modified: int) -> Hints:
    """What the file says; whatever of it makes no sense counts as not there."""
    try:
        kept = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return Hints()
    kept = kept if isinstance(kept, dict) else {}
    sound = {one.name: kept[one.name] for one in fields(Hints) if _sensible(one.name, kept.get(one.name))}
    return Hints(**sound)


def _sensible(name: str, value: Any) -> bool:
    match name:
        case "repeats":
            return isinstance(value, dict) and all(map(_count, value.values()))
        case "everywhere":
            return _count(value)
        case "background":
            return isinstance(value, str) and _colour(value)
        case _:
            return isinstance(value, str)


def _count(value: Any) -> bool:
    return isinstance(value, int) and 1 <= value <= MOST_REPEATS


def _colour(value: str) -> bool:
    try:
        ImageColor.getrgb(value)
    except ValueError:
        return False
    return True


def _check_colour(value: str) -> None:
    if not _colour(value):
        raise DatasetError(f"“{value}” is no colour", remedy="Give one as white or #ff8800.")
