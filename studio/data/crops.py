"""Crops: the part of a picture that a person chose to train on; the file itself stays whole."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock
from PIL import Image

from studio.data.journal import HISTORY
from studio.errors import PictureError
from studio.workspace import writing

SMALLEST = 0.02  # of a side; less is a slip of the hand


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


def set_crop(picture: Path, crop: Crop | None) -> None:
    """Train on this part of a picture from now on, or on all of it again."""
    file = _file(picture.parent)
    file.parent.mkdir(exist_ok=True)
    with FileLock(file.with_name("crops.lock")):
        chosen = crops(picture.parent)
        chosen.pop(_key(picture), None)
        if crop is not None:
            chosen[_key(picture)] = crop
        with writing(file) as written:
            lines = {name: [round(side, 5) for side in astuple(one)] for name, one in chosen.items()}
            json.dump(lines, written, ensure_ascii=False, indent=1)
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


def _file(folder: Path) -> Path:
    return folder / HISTORY / "crops.json"


def _key(picture: Path) -> str:
    return unicodedata.normalize("NFC", picture.name)
