"""Crops: the part of a picture that a person chose to train on; the file itself stays whole."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

from PIL import Image

from studio.data.sidecars import HISTORY
from studio.errors import PictureError
from studio.workspace import writing

SMALLEST = 0.02  # of a side; less is a slip of the hand

Sides = tuple[float, ...]
"""Left, top, right and bottom, as `Crop` has them."""

CropEdit = tuple[str, Sides | None, Sides | None]
"""The name of a picture, its crop before and its crop after; None is all of it."""


@dataclass(frozen=True)
class Crop:
    """A rectangle in fractions (0…1) of a picture's width and height, as it is seen: turned by its EXIF."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        across = 0 <= self.left <= self.right - SMALLEST and self.right <= 1
        down = 0 <= self.top <= self.bottom - SMALLEST and self.bottom <= 1
        if not (across and down):
            raise PictureError(
                "This crop cannot be used",
                why="It reaches outside the picture, or nothing is left in it",
                remedy="Draw it again, larger.",
            )

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of a picture of this width and height."""
        width, height = size
        left, top = int(self.left * width), int(self.top * height)
        return (
            left,
            top,
            max(left + 1, round(self.right * width)),
            max(top + 1, round(self.bottom * height)),
        )

    def size(self, size: tuple[int, int]) -> tuple[int, int]:
        """Width and height, in pixels, of what is left of a picture of this size."""
        left, top, right, bottom = self.box(size)
        return right - left, bottom - top

    def of(self, image: Image.Image) -> Image.Image:
        """What is left of an image, which may come in any scale."""
        return image.crop(self.box(image.size))


def crop_of(picture: Path) -> Crop | None:
    """The crop a person chose for a picture, None where all of it is used."""
    return crops(picture.parent).get(_key(picture))


def crops(folder: Path) -> dict[str, Crop]:
    """All crops of a dataset by the pictures' names."""
    file = _file(folder)
    try:
        return dict(_read(file, file.stat().st_mtime_ns))
    except FileNotFoundError:
        return {}


def crop_edit(picture: Path, crop: Crop | None) -> CropEdit:
    """What it takes to give a picture this crop, or none."""
    before, after = (None if one is None else _sides(one) for one in (crop_of(picture), crop))
    return _key(picture), before, after


def as_before(folder: Path, edits: Sequence[CropEdit]) -> tuple[CropEdit, ...]:
    """The edits of pictures whose crop is still what it was before."""
    present = {name: _sides(crop) for name, crop in crops(folder).items()} if edits else {}
    return tuple(edit for edit in edits if present.get(edit[0]) == edit[1])


def put_crops(folder: Path, edits: Sequence[CropEdit]) -> None:
    """Make the edits of pictures whose crop is still what it was before.

    Only the journal calls this, which lets nobody else write meanwhile.
    """
    edits = as_before(folder, edits)
    if not edits:
        return
    chosen = {name: _sides(crop) for name, crop in crops(folder).items()}
    for name, _, after in edits:
        chosen.pop(name, None)
        if after is not None:
            chosen[name] = after
    with writing(_file(folder)) as written:
        json.dump(chosen, written, ensure_ascii=False, indent=1)
    _read.cache_clear()  # two changes may fall into one tick of the disk's clock


@lru_cache(maxsize=64)
def _read(file: Path, modified: int) -> dict[str, Crop]:
    """What the file says; an entry that is no crop counts as none."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    found = {}
    for name, sides in listed.items() if isinstance(listed, dict) else ():
        try:
            found[name] = Crop(*map(float, sides))
        except (TypeError, ValueError, PictureError):
            continue
    return found


def _sides(crop: Crop) -> Sides:
    return tuple(round(side, 5) for side in astuple(crop))


def _file(folder: Path) -> Path:
    return folder / HISTORY / "crops.json"


def _key(picture: Path) -> str:
    return unicodedata.normalize("NFC", picture.name)
