"""Arrivals: the files that were brought in, out of folders and zip archives, before anything is copied."""

from __future__ import annotations

import os
import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from studio.data.captions import caption_file
from studio.data.dataset import natural
from studio.data.hints import hints_of_name
from studio.data.pictures import MASK, is_picture
from studio.errors import PictureError

CLUTTER = ("__macosx", "thumbs.db", "desktop.ini")
LARGEST_FILE = 1 << 30  # bytes, unpacked, of one file in an archive
LARGEST_ARCHIVE = 32 << 30
MOST_FILES = 50_000
ROWS = ".parquet"
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""What an archive raises for a file that is damaged in it, or locked with a password."""


@dataclass(frozen=True)
class Arrival:
    """A file that was brought in: its name, the folder it lay in, and how to read it.

    The folder (with `/`, on every system) only tells which caption belongs to which picture; nothing
    is ever written there. `words` are the caption of a picture that came with one in itself.
    """

    name: str
    folder: str
    open: Callable[[], IO[bytes]]
    words: str | None = None

    @classmethod
    def of(cls, path: Path, folder: str = "") -> Arrival:
        """A file of this machine."""
        return cls(path.name, folder, lambda: path.open("rb"))

    @property
    def path(self) -> Path:
        """The bare name, for looking at its stem and suffix."""
        return Path(self.name)


@dataclass
class Arrivals:
    """All files that were brought in; archives stay open as long as the `stack` they are given.

    `tables` are the files that hold pictures in rows.
    """

    stack: ExitStack
    files: list[Arrival] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    refused: list[PictureError] = field(default_factory=list)

    def add(self, paths: Sequence[Path]) -> None:
        """Add files, folders with all inside them, and archives."""
        for path in paths:
            if path.is_dir():
                for inside in self._walk(path):
                    self._add_file(inside, inside.parent.as_posix())
            elif path.suffix.lower() == ".zip":
                self._add_archive(path)
            else:
                self._add_file(path, "")
                self._add_caption_beside(path, paths)

    def _walk(self, folder: Path) -> Iterator[Path]:
        """Every file in a folder and those inside it, in natural order; hidden ones are left out."""
        for place, inside, names in os.walk(folder):
            inside[:] = sorted(
                (name for name in inside if not _clutter(name)), key=lambda name: natural(Path(name))
            )
            if "img" in inside and _is_kohyas(Path(place, "img")):
                self._refuse_folders([name for name in inside if name != "img"], Path(place).name)
                inside[:] = ["img"]
            yield from sorted((Path(place, name) for name in names if not _clutter(name)), key=natural)

    def _refuse_folders(self, names: list[str], of: str) -> None:
        if names:
            told = f"Of {of} only img was brought in, without {', '.join(names)}"
            self._refuse(told, why="That is where kohya's trainer has the pictures to learn")

    def _add_file(self, path: Path, folder: str) -> None:
        if path.suffix.lower() == ROWS:
            self.tables.append(path)
        else:
            self.files.append(Arrival.of(path, folder))

    def _add_caption_beside(self, path: Path, paths: Sequence[Path]) -> None:
        """A picture that comes by itself brings the caption and the mask that lie beside it."""
        for beside in (caption_file(path), path.with_name(f"{path.stem}{MASK}.png")):
            if is_picture(path) and os.path.exists(beside) and beside not in paths:
                self._add_file(beside, "")

    def _add_archive(self, path: Path) -> None:
        try:
            archive = self.stack.enter_context(zipfile.ZipFile(path))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            self._refuse(f"{path.name} cannot be unpacked", why="It is no whole zip archive")
            return
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > MOST_FILES or sum(member.file_size for member in members) > LARGEST_ARCHIVE:
            self._refuse(f"{path.name} would unpack to far more than pictures need")
            return
        for member in members:
            self._add_member(archive, member, str(path))

    def _add_member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str) -> None:
        """Of the path in the archive only the last part becomes a name: nothing can slip out."""
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if any(_clutter(part) for part in path.parts if part != ".."):
            return
        if member.file_size > LARGEST_FILE:
            self._refuse(f"{path.name} is too large to be a picture")
            return
        if path.suffix.lower() == ROWS:
            self._refuse(f"{path.name} cannot be read inside an archive", remedy="Unpack it first.")
            return
        folder = posixpath.normpath(f"{origin}/{path.parent}")
        self.files.append(Arrival(path.name, folder, lambda: archive.open(member)))

    def _refuse(self, what: str, why: str = "", remedy: str = "") -> None:
        self.refused.append(PictureError(what, why=why, remedy=remedy))


@contextmanager
def reading(arrival: Arrival) -> Iterator[None]:
    """Make a `PictureError` of whatever keeps an arrival from being read in the block."""
    try:
        yield
    except UNREADABLE as fault:
        raise PictureError(f"{arrival.name} cannot be unpacked", why=str(fault)) from None
    except OSError as fault:
        raise PictureError(f"{arrival.name} cannot be read", why=fault.strerror or str(fault)) from None


def _is_kohyas(folder: Path) -> bool:
    """Whether the folders in this one are called as kohya's trainer wants them: `10_zwx cat`."""
    try:
        return any(hints_of_name(inside.name) for inside in folder.iterdir() if inside.is_dir())
    except OSError:  # a folder that may not be looked into is nobody's
        return False


def _clutter(name: str) -> bool:
    return name.startswith(".") or name.lower() in CLUTTER
