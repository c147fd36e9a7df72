"""Tags: a caption read as a list of words and phrases between commas."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable


def split_tags(caption: str) -> list[str]:
    """The tags of a caption in their order; a sentence without commas is one tag."""
    return [tag for part in re.split(r"[,\n]", caption) if (tag := part.strip())]


def join_tags(tags: Iterable[str]) -> str:
    """A caption of tags, as every trainer reads it."""
    return ", ".join(tags)


def same_tag(tag: str) -> str:
    """What is equal for tags that a person takes for the same: `Long_Hair` and `long hair`."""
    return " ".join(tag.replace("_", " ").casefold().split())


def tag_counts(captions: Iterable[str]) -> list[tuple[str, int]]:
    """Each tag as it is spelt first, and how many captions have it; the most frequent first."""
    spelt: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for caption in captions:
        tags = {same_tag(tag): tag for tag in reversed(split_tags(caption))}
        for key, tag in tags.items():
            spelt.setdefault(key, tag)
        counts.update(tags.keys())
    return sorted(((spelt[key], count) for key, count in counts.items()), key=lambda one: (-one[1], one[0]))
