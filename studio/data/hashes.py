"""Content hashes of pictures, remembered by size and time so that a file is read only once."""

from __future__ import annotations

import hashlib
from functools import cache as remembered
from pathlib import Path

from studio.data.lines import append_line, read_lines
from studio.errors import PictureError


def picture_hash(path: Path, cache: Path | None = None) -> str:
    """SHA-256 of a picture's bytes, in hex: the same after a rename, another after a change.

    With `cache` (the workspace's cache folder) it is remembered over restarts. Raises `PictureError`.
    """
    try:
        stat = path.stat()
        key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns)
        known = _known(cache)
        if key not in known:
            with path.open("rb") as file:
                known[key] = hashlib.file_digest(file, "sha256").hexdigest()
            if cache is not None:
                append_line(_file(cache), [*key, known[key]])
    except OSError as fault:
        raise PictureError(f"{path.name} cannot be read", why=fault.strerror or str(fault)) from fault
    return known[key]


@remembered
def _known(cache: Path | None) -> dict[tuple[str, int, int], str]:
    """The hashes by path, size and time of change (nanoseconds)."""
    if cache is None:
        return {}
    return {(path, size, modified): digest for path, size, modified, digest in read_lines(_file(cache))}


def _file(cache: Path) -> Path:
    return cache / "picture-hashes.jsonl"
