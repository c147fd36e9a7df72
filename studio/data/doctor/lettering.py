"""Lettering: how many marks of a picture stand in lines as letters do. Reading them is not tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.data.doctor.viewing import Grey

AROUND = 25  # pixels: what a mark is compared with
DIFFERENT = 22  # of 255, from what is around it
LOWEST, HIGHEST = 7, 0.12  # pixels; and of the longer side
MOST = 2000  # marks; more are a texture
SHORTEST = 5  # letters in a line


@dataclass(frozen=True)
class Marks:
    """Marks that could be letters, from left to right; each array has one value for each."""

    left: NDArray[np.int64]
    top: NDArray[np.int64]
    right: NDArray[np.int64]
    bottom: NDArray[np.int64]
    fill: NDArray[np.float64]
    """How much of its box a mark fills."""
    tone: NDArray[np.float64]
    """Its mean brightness."""

    def __len__(self) -> int:
        return len(self.left)

    @property
    def height(self) -> NDArray[np.int64]:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> NDArray[np.int64]:
        """In pixels."""
        return self.right - self.left


def letters(grey: Grey) -> int:
    """The marks that stand in lines as letters do, light on dark and dark on light."""
    from scipy import ndimage

    apart = grey - ndimage.uniform_filter(grey, AROUND)
    both = (_marks(grey, sign * apart) for sign in (1, -1))
    return sum(len(line) for marks in both for line in _lines(marks) if _reads(marks, line))


def _marks(grey: Grey, apart: Grey) -> Marks:
    """Connected pixels that differ from what is around, are of one tone, and have the size of a letter."""
    from scipy import ndimage

    labels, _ = ndimage.label(apart > DIFFERENT)
    boxes = np.array(
        [(box[1].start, box[0].start, box[1].stop, box[0].stop) for box in ndimage.find_objects(labels)]
    ).reshape(-1, 4)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    fill = np.bincount(labels.ravel(), minlength=1)[1:] / (width * height)
    sized = (
        (height >= LOWEST) & (height <= HIGHEST * max(grey.shape)) & (width >= 2) & (width <= 2.2 * height)
    )
    chosen = np.flatnonzero(sized & (fill > 0.18) & (fill < 0.92))
    even = ndimage.standard_deviation(grey, labels, chosen + 1) < 6 + 0.35 * ndimage.mean(
        apart, labels, chosen + 1
    )
    chosen = chosen[np.asarray(even, dtype=bool)]
    chosen = chosen[np.argsort(boxes[chosen, 0], kind="stable")]
    left, top, right, bottom = boxes[chosen].T
    tone = np.asarray(ndimage.mean(grey, labels, chosen + 1))
    return Marks(left, top, right, bottom, fill[chosen], tone)


def _lines(marks: Marks) -> Iterator[NDArray[np.int64]]:
    """Marks that follow one another on one base line, of like height and tone, close together."""
    if not SHORTEST <= len(marks) <= MOST:
        return
    following = _following(marks)
    used = np.zeros(len(marks), dtype=bool)
    for first in range(len(marks)):
        line, mark = [], first
        while mark >= 0 and not used[mark]:
            line.append(mark)
            used[mark] = True
            mark = int(following[mark])
        if len(line) >= SHORTEST:
            yield np.array(line)


def _following(marks: Marks) -> NDArray[np.int64]:
    """The mark that comes next in the line of each, -1 where there is none."""
    height = marks.height.astype(np.float64)
    taller = np.maximum(height[:, None], height)
    gap = marks.left - marks.right[:, None]
    beside = (marks.left > marks.left[:, None]) & (gap > -0.3 * height[:, None]) & (gap < 1.1 * taller)
    level = np.abs(marks.bottom - marks.bottom[:, None]) < 0.3 * taller
    alike = (height < 1.8 * height[:, None]) & (height > 0.55 * height[:, None])
    toned = np.abs(marks.tone - marks.tone[:, None]) < 25
    fits = beside & level & alike & toned
    return np.where(fits.any(axis=1), fits.argmax(axis=1), -1)


def _reads(marks: Marks, line: NDArray[np.int64]) -> bool:
    """Whether a line is as straight, and its marks as different, as in lettering.

    Measured: in printed words the bottoms differ by 0 to 0.05 of the height and the boxes are filled
    by 0.33 to 0.58; in windows, roofs, stones and grass they differ by more, or are filled by less, or
    the marks are all as wide.
    """
    height = float(np.median(marks.height[line]))
    base = _spread(marks.bottom[line]) / height
    top = _spread(marks.top[line]) / height
    width = marks.width[line]
    straight = base <= 0.06 and top <= 0.16
    return straight and 0.33 <= marks.fill[line].mean() <= 0.62 and width.std() / width.mean() >= 0.12


def _spread(values: NDArray[np.int64]) -> float:
    return float(np.median(np.abs(values - np.median(values))))
