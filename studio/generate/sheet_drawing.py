"""A sheet as one picture: cells in rows and columns, with the labels of the axes burned in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from studio.generate.settings import Axis
from studio.generate.sheet import Cell

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

MOST = 8192  # pixels, of the sheet's longer side
GAP, LETTERS, PAPER, INK = 6, 15, (250, 250, 248), (40, 40, 40)


def draw_sheet(axes: Sequence[Axis], pictures: Mapping[tuple[int, ...], tuple[Cell, Image]]) -> Image:
    """The sheet of these pictures by their places; those that are missing stay empty."""
    from PIL import Image, ImageDraw, ImageFont

    counts = [*(len(axis.values) for axis in axes), 1, 1][:3]
    side = _cell_size(counts, [image.size for _, image in pictures.values()])
    font = ImageFont.load_default(size=LETTERS)
    labels = _labels(cell for cell, _ in pictures.values())
    probe = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    left = _widest(probe, font, [text for (axis, _), text in labels.items() if axis == 1])
    top = LETTERS + 3 * GAP
    block = (top if counts[2] > 1 else 0) + top + counts[1] * (side[1] + GAP)
    paper = Image.new("RGB", (left + counts[0] * (side[0] + GAP) + GAP, counts[2] * block + GAP), PAPER)
    pen = ImageDraw.Draw(paper)
    for level in range(counts[2]):
        above = level * block + (top if counts[2] > 1 else 0)
        _write(pen, font, (left, level * block + GAP), labels.get((2, level), ""), 10**6)
        for column in range(counts[0]):
            x = left + column * (side[0] + GAP)
            _write(pen, font, (x, above + 2 * GAP), labels.get((0, column), ""), side[0])
        for row in range(counts[1]):
            y = above + top + row * (side[1] + GAP)
            _write(pen, font, (GAP, y + side[1] // 2 - LETTERS), labels.get((1, row), ""), left)
    for place, (_, image) in pictures.items():
        x, y, z = (*place, 0, 0)[:3]
        above = z * block + (top if counts[2] > 1 else 0) + top
        small = image if image.size == side else image.resize(side, Image.Resampling.LANCZOS)
        paper.paste(small, (left + x * (side[0] + GAP), above + y * (side[1] + GAP)))
    return paper


def _cell_size(counts: Sequence[int], sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """That of the largest picture, made smaller where the sheet would become too large."""
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    scale = min(1.0, MOST / (width * counts[0]), MOST / (height * counts[1] * counts[2]))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _labels(cells: Iterable[Cell]) -> dict[tuple[int, int], str]:
    """The label of each value, by axis and index."""
    found: dict[tuple[int, int], str] = {}
    for cell in cells:
        for axis, (index, text) in enumerate(zip(cell.place, cell.labels, strict=True)):
            found[axis, index] = text
    return found


def _widest(pen: ImageDraw, font: Font, texts: Sequence[str]) -> int:
    return min(320, int(max((pen.textlength(text, font=font) for text in texts), default=0))) + 2 * GAP


def _write(pen: ImageDraw, font: Font, place: tuple[int, int], text: str, room: int) -> None:
    """A line of text, cut where there is no room for it."""
    line = fitting(text.replace("\n", " "), lambda shown: pen.textlength(shown, font=font) <= room)
    pen.text(place, line, fill=INK, font=font)


def fitting(text: str, fits: Callable[[str], bool]) -> str:
    """As much of a label as fits, cut with a mark before its last word, which tells the value."""
    if fits(text):
        return text
    head, _, value = text.rpartition(" ")
    for kept, end in ((head, f"… {value}"), (text, "…")):
        for length in range(len(kept), 0, -1):
            if fits(kept[:length].rstrip() + end):
                return kept[:length].rstrip() + end
    return "…"
