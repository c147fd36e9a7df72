"""Weights in a prompt, as A1111 reads them.

`(words)` counts 1.1 times as much, `[words]` that much less, `(words:1.3)` 1.3 times; brackets may lie in
one another. `\\(` is a bracket that is only a bracket. `BREAK` begins a new chunk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARK = re.compile(r"\\[\\()\[\]]|\\|\(|\[|:\s*([+-]?[.\d]+)\s*\)|\)|\]|[^\\()\[\]:]+|:")
PAUSE = re.compile(r"\s*\bBREAK\b\s*")
ROUND, SQUARE = 1.1, 1 / 1.1


@dataclass(frozen=True)
class Piece:
    """Words of one weight; a piece that is a `pause` has none, and what follows begins a new chunk."""

    text: str
    weight: float = 1.0
    pause: bool = False


def read_weights(prompt: str) -> list[Piece]:
    """The prompt in pieces; a bracket that is never closed counts to the end, as in A1111."""
    found: list[tuple[str, float]] = []
    opened: list[tuple[str, int]] = []
    for mark in MARK.finditer(prompt):
        text, weight = mark[0], mark[1]
        if text in "([":
            opened.append((text, len(found)))
        elif weight is not None and _innermost(opened) == "(":
            _times(found, opened.pop()[1], _number(weight))
        elif text in ")]" and _innermost(opened) == "(["[")]".index(text)]:
            _times(found, opened.pop()[1], ROUND if text == ")" else SQUARE)
        else:
            found.append((text[1:] if text[0] == "\\" and len(text) > 1 else text, 1.0))
    for bracket, start in opened:
        _times(found, start, ROUND if bracket == "(" else SQUARE)
    return list(_joined(found)) or [Piece("")]


def plain(prompt: str) -> str:
    """The words without weights and breaks, for encoders that know neither."""
    words = (piece.text for piece in read_weights(prompt))
    return re.sub(r"[ \t]{2,}", " ", " ".join(words) if PAUSE.search(prompt) else "".join(words)).strip()


def _innermost(opened: list[tuple[str, int]]) -> str:
    return opened[-1][0] if opened else ""


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # dots without digits
        return ROUND


def _times(found: list[tuple[str, float]], start: int, factor: float) -> None:
    found[start:] = [(text, weight * factor) for text, weight in found[start:]]


def _joined(found: list[tuple[str, float]]) -> Iterator[Piece]:
    """Neighbours of one weight as one piece, with pauses between them."""
    text, before = "", 1.0
    for words, weight in [*found, ("", float("nan"))]:
        if weight != before:
            parts = PAUSE.split(text)
            for number, part in enumerate(parts):
                if number:
                    yield Piece("", pause=True)
                if part:
                    yield Piece(part, before)
            text, before = "", weight
        text += words
