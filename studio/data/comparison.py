"""Comparison: what was added to a caption and what was removed, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Literal

SMALL = re.compile(r"\s*(a|an|the|of|in|on|at|by|to|for|from|with|and|or|is|are|its)?\s*", re.IGNORECASE)
"""What says nothing by itself, and belongs to the change when it stands between two of them."""


@dataclass(frozen=True)
class Segment:
    """A stretch of words and what became of it."""

    text: str
    kind: Literal["same", "removed", "added"]


def compare(before: str, after: str) -> tuple[Segment, ...]:
    """From one text to the other: `before` is what is not added, `after` what is not removed."""
    old, new = _words(before), _words(after)
    segments: list[Segment] = []
    for changed, a, b, c, d in _stretches(old, new):
        if not changed:
            segments.append(Segment("".join(old[a:b]), "same"))
            continue
        if a < b:
            segments.append(Segment("".join(old[a:b]), "removed"))
        if c < d:
            segments.append(Segment("".join(new[c:d]), "added"))
    return tuple(segments)


def _stretches(old: list[str], new: list[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Whether words changed, and where they stand in both texts; a small word amid changes is one of them."""
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    small = {
        place
        for place, (step, a, b, _, _) in enumerate(steps[1:-1], 1)
        if step == "equal" and SMALL.fullmatch("".join(old[a:b]))
    }
    kinds = [step != "equal" or place in small for place, (step, *_) in enumerate(steps)]
    for changed, run in groupby(zip(kinds, steps, strict=True), key=lambda one: one[0]):
        places = [step for _, step in run]
        yield changed, places[0][1], places[-1][2], places[0][3], places[-1][4]


def _words(text: str) -> list[str]:
    """Words, the spaces between them, and marks, each by itself."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)
