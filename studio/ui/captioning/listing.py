"""Listing: what lies in a dataset's folder, and what has changed there since the last look.

One pass over the folder tells it; a picture is opened, and a caption read, only when its file is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from studio.data.dataset import natural
from studio.data.journal import stem_of
from studio.data.pictures import MASK, is_picture
from studio.errors import DatasetError

Stamp = tuple[int, int]
"""When a file was changed (nanoseconds), and its size."""
NONE: Stamp = (0, 0)


@dataclass(frozen=True)
class Files:
    """The pictures in natural order, each with the stamps of its own file and of its caption's."""

    pictures: dict[str, tuple[Stamp, Stamp]]
    masked: frozenset[str]
    """The stems of the pictures that have a mask."""


def list_files(folder: Path) -> Files:
    """Look through a folder; raises `DatasetError` when that is not possible."""
    try:
        found = dict(_stamps(folder))
    except OSError as fault:
        raise DatasetError(f"The folder {folder} cannot be read", why=fault.strerror or str(fault)) from fault
    names = {name: _name(name) for name in found}
    captions = {one.stem: found[name] for name, one in names.items() if one.caption}
    pictures = sorted(
        (name for name, one in names.items() if one.picture), key=lambda name: names[name].order
    )
    return Files(
        {name: (found[name], captions.get(names[name].stem, NONE)) for name in pictures},
        frozenset(one.masks for one in names.values() if one.masks),
    )


class _Name(NamedTuple):
    """What a file's name tells. `masks` is the stem of the picture that it is a mask of."""

    picture: bool
    caption: bool
    stem: str
    masks: str
    order: tuple[Any, ...]


@lru_cache(maxsize=200_000)
def _name(name: str) -> _Name:
    """Found once for each name, for a folder is looked through again and again."""
    path = Path(name)
    masks = path.stem.removesuffix(MASK) if path.stem.endswith(MASK) else ""
    return _Name(is_picture(path), name.lower().endswith(".txt"), stem_of(name), masks, natural(path))


def _stamps(folder: Path) -> Iterator[tuple[str, Stamp]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file():
                status = entry.stat()
                yield entry.name, (status.st_mtime_ns, status.st_size)
