"""Comparison: what was added to a caption and what was removed, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal


@dataclass(frozen=True)
class Segment:
    """A stretch of words and what became of it."""

    text: str
    kind: Literal["same", "removed", "added"]


def compare(before: str, after: str) -> tuple[Segment, ...]:
    """From one text to the other: `before` is what is not added, `after` what is not removed."""
    old, new = _words(before), _words(after)
    segments: list[Segment] = []
    for step, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step == "equal":
            segments.append(Segment("".join(old[a:b]), "same"))
            continue
        if a < b:
            segments.append(Segment("".join(old[a:b]), "removed"))
        if c < d:
            segments.append(Segment("".join(new[c:d]), "added"))
    return tuple(segments)


def _words(text: str) -> list[str]:
    """Words, the spaces between them, and marks, each by itself."""
    return re.findall(r"\w+|\s+|[^\w\s]", text)
