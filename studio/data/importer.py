"""The importer: copies what was brought in into one dataset, replacing nothing there."""

from __future__ import annotations

import filecmp
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from studio.data.arrivals import Arrival, Arrivals, reading
from studio.data.captions import read_caption, write_captions
from studio.data.companions import Companions, Words, pair, plain
from studio.data.dataset import picture_files
from studio.data.hints import Hints, hints, hints_of_name, set_hints
from studio.data.journal import Progress
from studio.data.pictures import MASK, is_picture, probe
from studio.data.rows import Rows, parquet_rows
from studio.data.sidecars import HISTORY
from studio.errors import PictureError, explain
from studio.workspace import safe_name

TOGETHER = 64  # captions that are written in one go


@dataclass(frozen=True)
class Import:
    """What came of an import: the dataset's folder, the pictures added, and the files refused."""

    folder: Path
    added: tuple[Path, ...]
    refused: tuple[PictureError, ...]
    captioned: int = 0
    """Captions that came along."""
    kept: int = 0
    """Captions that were here and stayed, although others came for their pictures."""


class Importer:
    """One import: the pictures first, each with its companions, then captions that came alone."""

    def __init__(
        self, folder: Path, arrivals: Arrivals, *, rows: Sequence[Rows] = (), replace_captions: bool = False
    ) -> None:
        self.folder, self.replace_captions = folder, replace_captions
        self.pictures = [one for one in arrivals.files if is_picture(one.path)]
        self.companions = Companions(arrivals.files)
        self.refused = [*arrivals.refused, *self.companions.refused]
        self.rows = [*rows, *self._opened(arrivals.tables)]
        self.added: list[Path] = []
        self.stems: set[str] = set()
        self.by_name: dict[Path, Hints] = {}
        self.captioned: set[Path] = set()
        self.kept = 0
        self._words: dict[Path, str] = {}
        self._group = secrets.token_hex(8)

    def run(self, progress: Progress) -> Import:
        """Do it; raises `DiskFull`, after which what was copied stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.stems |= {plain(path.stem) for path in self.folder.iterdir()}
        total = len(self.pictures) + sum(one.count for one in self.rows)
        done = 0
        try:
            for arrival in self._arriving():
                progress(done, max(total, done + 1))
                self._attempt(self._add, arrival)
                done += 1
            self._add_what_came_alone()
        finally:
            self._write_words()
            self._keep_hints()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
        progress(done, done)
        return Import(self.folder, tuple(self.added), tuple(self.refused), len(self.captioned), self.kept)

    def _opened(self, tables: Sequence[Path]) -> Iterator[Rows]:
        for path in tables:
            try:
                yield parquet_rows(path)
            except PictureError as fault:
                self.refused.append(fault)

    def _arriving(self) -> Iterator[Arrival]:
        """All pictures; a file of rows that turns out to be damaged ends before its time."""
        yield from self.pictures
        for rows in self.rows:
            try:
                yield from rows.arrivals()
            except PictureError as fault:
                self.refused.append(fault)

    def _attempt(self, step: Callable[..., None], *about: Any) -> None:
        """Do one step; what is wrong with a file is noted, what is wrong with the dataset is raised."""
        try:
            step(*about)
        except PictureError as fault:
            self.refused.append(fault)

    def _add(self, arrival: Arrival) -> None:
        with self._copied(arrival) as copy:
            picture, is_new = self._settle(arrival, copy)
        if is_new:
            self.added.append(picture)
            self._bring_along(arrival, picture)
        else:
            self.refused.append(PictureError(f"{arrival.name} is in this dataset already"))
        words = self.companions.words(arrival)
        if words is not None:
            self._offer(picture, words, f"The caption of {arrival.name}")

    @contextmanager
    def _copied(self, arrival: Arrival) -> Iterator[Path]:
        """A copy in the dataset's folder, as long as the block runs; raises `PictureError` or `DiskFull`."""
        copy = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            with copy.open("xb") as target:
                for block in _blocks(arrival):
                    target.write(block)
            probe(copy, title=arrival.name)
            yield copy
        except OSError as fault:  # the folder's: what is wrong with the arrival has a name by now
            fault.filename = arrival.name
            raise explain(fault) from fault
        finally:
            copy.unlink(missing_ok=True)

    def _settle(self, arrival: Arrival, copy: Path) -> tuple[Path, bool]:
        """Give the copy a name whose stem no other picture or caption has; replaces nothing.

        Returns the picture, and whether it is new: False for one that was here already.
        """
        for stem in _stems(arrival):
            target = self.folder / f"{stem}{arrival.path.suffix}"
            if target.exists() and filecmp.cmp(copy, target, shallow=False):
                return target, False
            if plain(stem) in self.stems:
                continue
            self.stems.add(plain(stem))
            try:
                target.open("xb").close()
            except FileExistsError:  # brought in by another window just now
                continue
            try:
                os.replace(copy, target)
            except BaseException:
                target.unlink()
                raise
            return target, True
        raise AssertionError("there is always another number")

    def _bring_along(self, arrival: Arrival, picture: Path) -> None:
        """What belongs to a new picture beside its caption."""
        mask = self.companions.masks.get(pair(arrival))
        if mask is not None:
            self._attempt(self._add_mask, mask, picture)
        by_name = hints_of_name(PurePosixPath(arrival.folder).name)
        if by_name is not None:
            self.by_name[picture] = by_name

    def _add_mask(self, mask: Arrival, picture: Path) -> None:
        target = picture.with_name(f"{picture.stem}{MASK}.png")
        with self._copied(mask) as copy:
            if target.exists():
                raise PictureError(f"{mask.name} was left out", why=f"{picture.name} has a mask already")
            os.replace(copy, target)

    def _offer_from(self, picture: Path, words: Words, title: str) -> None:
        self._offer(picture, words(), title)

    def _offer(self, picture: Path, words: str, title: str) -> None:
        """Give a picture its caption, unless it has another."""
        present = self._words.get(picture) or read_caption(picture)
        if words == present or not words:
            return
        if present and not self.replace_captions:
            self.kept += 1
            raise PictureError(f"{title} was left out", why=f"{picture.name} has another caption already")
        self._words[picture] = words
        self.captioned.add(picture)
        if len(self._words) == TOGETHER:
            self._write_words()

    def _write_words(self) -> None:
        words, self._words = self._words, {}
        write_captions(words, by="import", note="Bring in captions", group=self._group)

    def _add_what_came_alone(self) -> None:
        """Captions and masks without their pictures: for those of the same names that are here."""
        here = {plain(path.stem): path for path in picture_files(self.folder)}
        for stem, (name, words) in self.companions.captions_alone.items():
            if stem in here:
                self._attempt(self._offer_from, here[stem], words, name)
            elif name:
                self.refused.append(PictureError(f"{name} belongs to no picture"))
        for stem, mask in self.companions.masks_alone.items():
            if stem in here:
                self._attempt(self._add_mask, mask, here[stem])
            else:
                self.refused.append(PictureError(f"{mask.name} belongs to no picture"))

    def _keep_hints(self) -> None:
        """What the folders' names said; what is known already of the dataset stands."""
        if self.added:
            (self.folder / HISTORY).mkdir(exist_ok=True)  # the studio's own from now on
        if not self.by_name:
            return
        known, told = hints(self.folder), self.by_name.values()
        repeats = {path.name: one.everywhere for path, one in self.by_name.items() if one.everywhere > 1}
        set_hints(
            self.folder,
            trigger=known.trigger or _agreed(one.trigger for one in told),
            class_word=known.class_word or _agreed(one.class_word for one in told),
            repeats={**known.repeats, **repeats},
        )


def _blocks(arrival: Arrival) -> Iterator[bytes]:
    """The content of an arrival; only reading is explained, so that writing fails under its own name."""
    with reading(arrival), arrival.open() as source:
        while block := source.read(1 << 20):
            yield block


def _stems(arrival: Arrival) -> Iterator[str]:
    """The stem a picture came with, made safe, then the same with a number."""
    stem = safe_name(arrival.path.stem.encode("utf-8", "replace").decode())
    yield stem
    for number in count(2):
        yield f"{stem} {number}"


def _agreed(words: Iterable[str]) -> str:
    """The word that all say, or none."""
    said = set(words)
    return said.pop() if len(said) == 1 else ""
