"""Imports: bringing pictures, with their captions, into a dataset of the workspace."""

from __future__ import annotations

import errno
import filecmp
import os
import secrets
import shutil
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from studio.data.arrivals import Arrival, Arrivals
from studio.data.captions import decode_caption, read_caption, write_caption
from studio.data.dataset import picture_files
from studio.data.pictures import is_picture, probe
from studio.errors import PictureError, explain
from studio.workspace import Workspace, safe_name

LONGEST_CAPTION = 1 << 20  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT)
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
"""What an archive raises for a file that is damaged in it, or locked with a password."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Import:
    """What came of an import: the dataset's folder, the pictures added, and the files refused."""

    folder: Path
    added: tuple[Path, ...]
    refused: tuple[PictureError, ...]


def import_pictures(
    workspace: Workspace, name: str, files: Sequence[Path], *, progress: Progress | None = None
) -> Import:
    """Copy pictures into datasets/`name`, out of files, folders and zip archives.

    A `.txt` of the same stem comes along as the caption. Nothing is ever overwritten: a picture
    whose name is taken gets a number, and the very same picture is not added twice. What cannot be
    used is told file by file while the rest goes on. `progress` is called with (done, all).
    Raises `DiskFull`; what was copied before stays.
    """
    folder = workspace.datasets / safe_name(name)
    with ExitStack() as stack:
        arrivals = Arrivals(stack)
        arrivals.add(files)
        importer = _Importer(folder, arrivals)
        importer.run(progress or (lambda done, total: None))
    return Import(folder, tuple(importer.added), tuple(importer.refused))


class _Importer:
    """One import: the pictures first, each with its caption, then captions that came alone."""

    def __init__(self, folder: Path, arrivals: Arrivals) -> None:
        self.folder, self.refused = folder, arrivals.refused
        self.added: list[Path] = []
        self.pictures: list[Arrival] = []
        self.captions: dict[tuple[str, str], Arrival] = {}
        self.stems: set[str] = set()
        self.present: dict[str, Path] = {}
        for one in arrivals.files:
            if is_picture(one.path):
                self.pictures.append(one)
            elif one.path.suffix.lower() == ".txt":
                self.captions[_pair(one)] = one
            else:
                self.refused.append(PictureError(f"{one.name} is neither a picture nor a caption"))
        self.alone = set(self.captions)

    def run(self, progress: Progress) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stems |= {_plain(path.stem) for path in self.folder.iterdir()}
        for done, arrival in enumerate(self.pictures):
            progress(done, len(self.pictures))
            self._attempt(self._add, arrival)
        self.present |= {_plain(path.stem): path for path in picture_files(self.folder)}
        for caption in [one for pair, one in self.captions.items() if pair in self.alone]:
            self._attempt(self._add_caption, caption)
        progress(len(self.pictures), len(self.pictures))
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _attempt(self, step: Callable[[Arrival], None], arrival: Arrival) -> None:
        """Do one step; what is wrong with the file is noted, what is wrong with the folder is raised."""
        try:
            step(arrival)
        except PictureError as fault:
            self.refused.append(fault)
        except OSError as fault:
            if fault.errno in FULL or Path(str(fault.filename)).parent == self.folder:
                fault.filename = arrival.name
                raise explain(fault) from fault
            self.refused.append(
                PictureError(f"{arrival.name} cannot be read", why=fault.strerror or str(fault))
            )
        except UNREADABLE as fault:
            self.refused.append(PictureError(f"{arrival.name} cannot be unpacked", why=str(fault)))

    def _add(self, arrival: Arrival) -> None:
        self.alone.discard(_pair(arrival))
        copy = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with arrival.open() as source, copy.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            probe(copy, title=arrival.name)
            picture = self._settle(arrival, copy)
        finally:
            copy.unlink(missing_ok=True)
        self.added.append(picture)
        if _pair(arrival) in self.captions:
            write_caption(picture, _text(self.captions[_pair(arrival)]), by="import")

    def _settle(self, arrival: Arrival, copy: Path) -> Path:
        """Give the copy a name whose stem no other picture or caption has; replaces nothing."""
        for stem in _stems(arrival):
            target = self.folder / f"{stem}{arrival.path.suffix}"
            if target.exists() and filecmp.cmp(copy, target, shallow=False):
                self.alone.add(_pair(arrival))  # its caption may be new all the same
                raise PictureError(f"{arrival.name} is in this dataset already")
            if _plain(stem) in self.stems:
                continue
            self.stems.add(_plain(stem))
            try:
                target.open("xb").close()
            except FileExistsError:  # brought in by another window just now
                continue
            try:
                os.replace(copy, target)
            except BaseException:
                target.unlink()
                raise
            return target
        raise AssertionError("there is always another number")

    def _add_caption(self, arrival: Arrival) -> None:
        """Give a caption that came without its picture to the picture that is here."""
        picture = self.present.get(_plain(arrival.path.stem))
        if picture is None:
            raise PictureError(f"{arrival.name} belongs to no picture")
        text, present = _text(arrival), read_caption(picture)
        if not present:
            write_caption(picture, text, by="import")
        elif text != present:
            raise PictureError(
                f"{arrival.name} was left out", why=f"{picture.name} has another caption already"
            )


def _stems(arrival: Arrival) -> Iterator[str]:
    """The stem a picture came with, made safe, then the same with a number."""
    stem = safe_name(arrival.path.stem.encode("utf-8", "replace").decode())
    yield stem
    for number in count(2):
        yield f"{stem} {number}"


def _text(caption: Arrival) -> str:
    with caption.open() as file:
        content = file.read(LONGEST_CAPTION + 1)
    if len(content) > LONGEST_CAPTION:
        raise PictureError(f"{caption.name} is too long to be a caption")
    return decode_caption(content)


def _pair(arrival: Arrival) -> tuple[str, str]:
    """What a picture and its caption have in common."""
    return arrival.folder, _plain(arrival.path.stem)


def _plain(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()
