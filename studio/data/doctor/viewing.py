"""Viewing: a picture decoded once, to its last pixel, for all that is measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from studio.data.colours import flattened
from studio.data.decoding import decoding
from studio.data.endings import breaks_off
from studio.data.pictures import turned
from studio.errors import PictureError

SIDE = 1024  # pixels; no base is trained on shorter sides so much longer that more would matter
SMALL = 768

Grey = NDArray[np.float32]


@dataclass(frozen=True)
class View:
    """A picture as a training sees it: upright, RGB, on white; its shorter side no longer than needed."""

    image: Image.Image
    transparent: float
    """How much of it is (partly) transparent, 0…1."""
    original: bool
    """Whether the pixels are those of the file, not made fewer."""

    @cached_property
    def grey(self) -> Grey:
        """Brightness, 0…255, (height, width)."""
        return np.asarray(self.image.convert("L"), dtype=np.float32)

    @cached_property
    def small(self) -> Image.Image:
        """The same with a longer side of at most 768 pixels, where the finest detail does not matter."""
        copy = self.image.copy()
        copy.thumbnail((SMALL, SMALL), Image.Resampling.BOX)
        return copy

    @property
    def side(self) -> int:
        """The shorter side in pixels."""
        return min(self.image.size)


def view(path: Path) -> View:
    """Decode a picture; raises `PictureError` if any of it is damaged."""
    with decoding(path, path.name) as image:
        size = image.size
        image.draft("RGB", (SIDE, SIDE))
        image.load()
        if breaks_off(path, image, SIDE):
            raise PictureError(f"{path.name} breaks off", why="Its lower part is missing")
        seen = turned(image)
        transparent = _transparent(seen)
        plain = flattened(seen, "white")
    factor = max(1, min(plain.size) // SIDE)
    original = image.size == size and factor == 1
    return View(plain.reduce(factor) if factor > 1 else plain, transparent, original)


def _transparent(image: Image.Image) -> float:
    if not image.has_transparency_data:
        return 0.0
    histogram = image.convert("RGBA").getchannel("A").histogram()
    return 1 - histogram[255] / sum(histogram)
