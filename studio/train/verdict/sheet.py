"""The contact sheet: a row for each checkpoint at a strength, a column for each prompt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from PIL import Image, ImageDraw, ImageFont

from studio.workspace import writing

SIDE, LEFT, TOP, GAP = 128, 130, 40, 4
PAPER, INK, MARK = "#faf9f7", "#333", "#c2410c"


def write_sheet(
    path: Path, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[Image.Image]]], chosen: int
) -> None:
    """Write the sheet as PNG; the row number `chosen` is marked."""
    font = ImageFont.load_default(12)
    sheet = Image.new("RGB", (LEFT + SIDE * len(columns), TOP + SIDE * len(rows)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column, prompt in enumerate(columns):
        draw.text((LEFT + SIDE * column + GAP, 6), _broken(prompt), INK, font)
    for row, (told, pictures) in enumerate(rows):
        ink = MARK if row == chosen else INK
        draw.text((GAP, TOP + SIDE * row + SIDE // 2 - 14), told, ink, font)
        for column, picture in enumerate(pictures):
            small = picture.convert("RGB")
            small.thumbnail((SIDE - GAP, SIDE - GAP), Image.Resampling.LANCZOS)
            sheet.paste(small, (LEFT + SIDE * column, TOP + SIDE * row))
        if row == chosen:
            edge = (LEFT - GAP, TOP + SIDE * row - 2, sheet.width - 1, TOP + SIDE * (row + 1) - 3)
            draw.rectangle(edge, outline=MARK, width=2)
    with writing(path, "wb") as file:
        sheet.save(cast("IO[bytes]", file), "PNG")


def _broken(text: str) -> str:
    """In two short lines."""
    words, line = text.split(), ""
    for number, word in enumerate(words):
        if len(line) + len(word) > 20:
            rest = " ".join(words[number:])
            return f"{line.strip()}\n{rest if len(rest) <= 20 else rest[:19] + '…'}"
        line += f"{word} "
    return text
