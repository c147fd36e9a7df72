"""Small copies of pictures, and how alike two of them are where they match best."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SIDE = 24  # pixels
WINDOWS = (24, 23, 22, 21, 20, 19)  # a crop of 80 % of a picture is found in it
COARSE, HOPEFUL = 4, 0.6  # pixels, and the least correlation at that size of copies worth a closer look
MOST = 500_000  # comparisons that are remembered

Rows = NDArray[np.float32]


def small_copy(image: Image.Image) -> str:
    """A square copy of an RGB image, a little blurred, so that a shift by half a pixel matters little."""
    copy = image.resize((SIDE, SIDE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
    return b64encode(copy.tobytes()).decode()


@dataclass(frozen=True)
class Copy:
    """A small copy ready to be compared: shrunk to the sides of `WINDOWS`, and in all windows of them."""

    coarse: Rows
    shrunk: tuple[Rows, ...]
    mirrored: tuple[Rows, ...]
    windows: tuple[Rows, ...]

    @classmethod
    def of(cls, text: str) -> Copy:
        """The copy that `small_copy` made."""
        image = Image.frombytes("RGB", (SIDE, SIDE), b64decode(text))
        pixels = np.asarray(image, dtype=np.float32)
        shrunk = [
            np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32)
            for side in WINDOWS
        ]
        windows = [np.lib.stride_tricks.sliding_window_view(pixels, (side, side, 3)) for side in WINDOWS]
        coarse = np.asarray(image.resize((COARSE, COARSE), Image.Resampling.BOX), dtype=np.float32)
        return cls(
            _standard(np.stack([coarse, coarse[:, ::-1]]).reshape(2, -1)),
            tuple(_standard(one.reshape(1, -1))[0] for one in shrunk),
            tuple(_standard(one[:, ::-1].reshape(1, -1))[0] for one in shrunk),
            tuple(_standard(one.reshape(-1, one[0, 0, 0].size)) for one in windows),
        )


def alike(one: Copy, other: Copy) -> float:
    """The correlation of colours, at best 1, where two copies match best: whole, cropped or mirrored."""
    glance = float((other.coarse @ one.coarse[0]).max())
    if glance < HOPEFUL:
        return glance
    return max(
        float((outer.windows[scale] @ template[scale]).max())
        for inner, outer in ((one, other), (other, one))
        for template in (inner.shrunk, inner.mirrored)
        for scale in range(len(WINDOWS))
    )


class Comparisons:
    """Comparisons of copies, remembered as long as the studio runs: most datasets are examined often."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], float] = {}
        self._ready = lru_cache(maxsize=64)(Copy.of)  # half a megabyte each

    def alike(self, one: str, other: str) -> float:
        """How alike the pictures are of which these are the copies; 1 for equal ones."""
        if one == other:
            return 1.0
        key = (hash(one), hash(other))
        if key not in self._known:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[key] = alike(self._ready(one), self._ready(other))
        return self._known[key]


def _standard(rows: Rows) -> Rows:
    """Each row with a mean of 0 and a length of 1: neither brightness nor contrast count."""
    centred: Rows = rows - rows.mean(axis=1, keepdims=True)
    standard: Rows = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-3)
    return standard
