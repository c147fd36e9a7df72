"""Sizes: which pictures of a folder are sound and how large, remembered so that it opens quickly."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.data.pictures import probe
from studio.data.sidecars import HISTORY
from studio.errors import PictureError
from studio.workspace import writing

Remembered = tuple[int, int, int, int]
"""Of a file its bytes and time of change (nanoseconds), of the picture its width and height."""


class Sizes:
    """The sizes of the pictures in one folder, as long as their files do not change.

    They lie in the dataset's hidden folder; where there is none yet, in `cache` (the workspace's), or
    nowhere without one.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self._file = folder / HISTORY / "sizes.json"
        if cache is not None and not self._file.parent.is_dir():
            name = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
            self._file = cache / "sizes" / f"{name[:32]}.json"
            self._file.parent.mkdir(parents=True, exist_ok=True)
        self._before = _read(self._file)
        self._now: dict[str, Remembered] = {}

    def of(self, picture: Path) -> tuple[int, int]:
        """Width and height of a picture, as `probe` tells them; raises `PictureError` as it does."""
        try:
            stat = picture.stat()
        except OSError as fault:
            raise PictureError(f"{picture.name} cannot be read", why=fault.strerror or "") from fault
        known = self._before.get(picture.name, (0, 0, 0, 0))
        if known[:2] != (stat.st_size, stat.st_mtime_ns):
            known = (stat.st_size, stat.st_mtime_ns, *probe(picture))
        self._now[picture.name] = known
        return known[2:]

    def keep(self) -> None:
        """Remember them for the next time."""
        if self._now != self._before and self._file.parent.is_dir():
            with suppress(OSError), writing(self._file) as file:  # without it, opening takes a little longer
                json.dump(self._now, file, ensure_ascii=False)


def _read(file: Path) -> dict[str, Remembered]:
    """What is remembered; a file that says anything else is as good as none."""
    try:
        listed: Any = json.loads(file.read_bytes())
        return {name: _remembered(*numbers) for name, numbers in listed.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remembered(size: int, modified: int, width: int, height: int) -> Remembered:
    return int(size), int(modified), int(width), int(height)
