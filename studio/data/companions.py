"""Companions: what came with pictures and belongs to them: captions in files of many kinds, and masks."""

from __future__ import annotations

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from studio.data.arrivals import Arrival, reading
from studio.data.pictures import MASK, SUFFIXES, is_picture
from studio.data.sidecars import decode_caption
from studio.data.tables import is_table, read_table, words_in
from studio.errors import PictureError

CAPTIONS = (".txt", ".caption")
LONGEST_CAPTION = 1 << 20  # bytes
LONGEST_TABLE = 256 << 20

Pair = tuple[str, str]
"""What a picture and its companions have in common: the folder they lay in, and the stem."""

Words = Callable[[], str]
"""Reads a caption when it is needed; raises `PictureError`."""


class Companions:
    """Of the files that were brought in, those that belong to pictures; each is asked for once.

    A caption beside a picture comes before one in a table. What belongs to no picture that was
    brought in is `…_alone`, by its stem: it may be for one that is in the dataset already.
    """

    def __init__(self, files: Iterable[Arrival]) -> None:
        self.refused: list[PictureError] = []
        self.masks: dict[Pair, Arrival] = {}
        self.masks_alone: dict[str, Arrival] = {}
        self.captions_alone: dict[str, tuple[str, Words]] = {}
        self._beside: dict[Pair, Words] = {}
        self._listed: dict[Pair, str] = {}
        self._loose: dict[str, str] = {}
        files = list(files)
        pictures = [one for one in files if is_picture(one.path)]
        self._pairs = {pair(one) for one in pictures}
        self._stems = Counter(plain(one.path.stem) for one in pictures)
        for one in sorted((one for one in files if not is_picture(one.path)), key=_precedence):
            try:
                self._take(one)
            except PictureError as fault:
                self.refused.append(fault)

    def words(self, picture: Arrival) -> str | None:
        """The caption that came with a picture, None where none did; raises `PictureError`."""
        if picture.words is not None:
            return picture.words
        if (beside := self._beside.get(pair(picture))) is not None:
            return beside()
        stem = plain(picture.path.stem)
        loose = self._loose.get(stem) if self._stems[stem] == 1 else None
        return self._listed.get(pair(picture), loose)

    def _take(self, one: Arrival) -> None:
        suffix = one.path.suffix.lower()
        if suffix in CAPTIONS:
            self._take_caption(pair(one), one.name, lambda: decode_caption(_content(one, LONGEST_CAPTION)))
        elif suffix in SUFFIXES and one.path.stem.endswith(MASK):
            self._take_mask((one.folder, plain(one.path.stem.removesuffix(MASK))), one)
        elif suffix == ".json" and (owner := _owner(one)) in self._pairs:
            self._take_json(owner, one)
        elif is_table(one.name):
            self._take_table(one)
        else:
            raise PictureError(f"{one.name} is neither a picture nor a caption")

    def _take_caption(self, owner: Pair, name: str, words: Words) -> None:
        if owner in self._pairs:
            self._beside.setdefault(owner, words)
        else:
            self.captions_alone.setdefault(owner[1], (name, words))

    def _take_mask(self, owner: Pair, one: Arrival) -> None:
        if owner in self._pairs:
            self.masks[owner] = one
        else:
            self.masks_alone[owner[1]] = one

    def _take_json(self, owner: Pair, one: Arrival) -> None:
        if owner not in self._beside and (words := words_in(_content(one, LONGEST_CAPTION))):
            self._beside[owner] = lambda: words

    def _take_table(self, one: Arrival) -> None:
        for path, words in read_table(one.name, _content(one, LONGEST_TABLE)):
            stem = plain(path.stem if path.suffix.lower() in SUFFIXES else path.name)
            place = posixpath.normpath(posixpath.join(one.folder, path.parent.as_posix()))
            self._listed.setdefault(("" if place == "." else place, stem), words)
            self._loose.setdefault(stem, words)
            if not self._stems[stem]:
                self.captions_alone.setdefault(stem, ("", partial(str, words)))


def pair(arrival: Arrival) -> Pair:
    """What an arrival has in common with its companions."""
    return arrival.folder, plain(arrival.path.stem)


def plain(stem: str) -> str:
    """A stem as every file system would find it."""
    return unicodedata.normalize("NFC", stem).casefold()


def _owner(one: Arrival) -> Pair:
    """The picture that `cat.json` or `cat.png.json` belongs to."""
    stem = Path(one.path.stem)
    return one.folder, plain(stem.stem if stem.suffix.lower() in SUFFIXES else stem.name)


def _precedence(one: Arrival) -> int:
    return CAPTIONS.index(suffix) if (suffix := one.path.suffix.lower()) in CAPTIONS else len(CAPTIONS)


def _content(one: Arrival, longest: int) -> bytes:
    with reading(one), one.open() as file:
        content = file.read(longest + 1)
    if len(content) > longest:
        raise PictureError(f"{one.name} is too long to be a caption")
    return content
