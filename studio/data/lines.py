"""Records in a file, one JSON line each, that outlive a power cut in the middle of a line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, Generic, TypeVar

Record = TypeVar("Record")


def append_line(path: Path, record: object) -> None:
    """Add one record at the end, and wait until it is on the disk; if it fails, the file is as before."""
    line = json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        try:
            _write(file, b"\n" + line if _torn(path) else line)
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                file.truncate(before)
            raise


def read_lines(path: Path) -> Iterator[Any]:
    """The records in order; a torn one is left out, a missing file has none."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    yield from _records(content)


class Growing(Generic[Record]):
    """The records of a file that only grows: each time, no more is read than was added."""

    def __init__(self, path: Path, make: Callable[[Any], Record]) -> None:
        self._path, self._make, self._lock = path, make, Lock()
        self._known: list[Record] = []
        self._read, self._file = 0, (0, 0)

    def records(self) -> list[Record]:
        """All of them, as `make` made them of what was written, oldest first."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    self._read_on(file)
            except FileNotFoundError:
                self._known, self._read = [], 0
            return list(self._known)

    def _read_on(self, file: IO[bytes]) -> None:
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) != self._file or stat.st_size < self._read:  # another file by now
            self._known, self._read, self._file = [], 0, (stat.st_dev, stat.st_ino)
        file.seek(self._read)
        whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        self._known += [self._make(record) for record in _records(whole)]


def _records(content: bytes) -> Iterator[Any]:
    for line in content.split(b"\n"):
        try:
            yield json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError:
            continue


def _write(file: Any, content: bytes) -> None:
    """All of it: the system may take less at once."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _torn(path: Path) -> bool:
    """Whether the last line was cut off, so that the next one must not be written behind it."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
