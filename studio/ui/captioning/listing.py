"""Listing: what lies in a dataset's folder, and what has changed there since the last look.

One pass over the folder tells it; a picture is opened, and a caption read, only when its file is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

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
    captions = {stem_of(name): stamp for name, stamp in found.items() if name.lower().endswith(".txt")}
    names = sorted((Path(name) for name in found if is_picture(Path(name))), key=natural)
    return Files(
        {path.name: (found[path.name], captions.get(stem_of(path.name), NONE)) for path in names},
        frozenset(Path(name).stem.removesuffix(MASK) for name in found if Path(name).stem.endswith(MASK)),
    )


def _stamps(folder: Path) -> Iterator[tuple[str, Stamp]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.is_file():
                status = entry.stat()
                yield entry.name, (status.st_mtime_ns, status.st_size)
