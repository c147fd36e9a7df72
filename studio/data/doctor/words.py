"""Words: which of them stand in nearly every caption, and how to take them out of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

FEWEST = 5  # captions; in fewer, the same words are no pattern
EXCEPT = 10  # one caption of so many may lack the words

JOINTS = frozenset(
    (
        "a", "an", "the", "of", "in", "on", "at", "by", "to", "for", "from", "with", "without", "under",
        "over", "behind", "before", "beside", "near", "into", "onto", "and", "or", "is", "are", "be", "it",
        "its", "his", "her", "their", "this", "that", "there", "as", "while", "who", "which",
    )
)  # fmt: skip
"""Words that only join others; alone they mean nothing."""

FRAMES = frozenset(
    (
        "picture", "pictures", "photo", "photograph", "image", "drawing", "illustration", "painting",
        "style",
    )
)  # fmt: skip
"""Words that captions begin with, whatever they show."""

Phrase = tuple[str, ...]


def fused(captions: Sequence[str], trigger: str) -> list[tuple[str, int]]:
    """Phrases that stand in nearly every caption, each with the number of captions, the most frequent first.

    What counts is what the training will see, not what it was drawn from: where hardly any picture
    has the trigger word without the phrase, the two cannot be told apart. So no test of significance
    is made; but there must be at least 5 captions, and at most one in ten may lack the phrase. What
    directly follows the trigger word is taken for its name ("sks fox") and left out.
    """
    own = set(words(trigger))
    parts = [list(_parts(caption)) for caption in captions]
    often = _nearly_all([{(word,) for part in one for word in part} for one in parts])
    kept = {word for (word,) in often if word not in JOINTS | FRAMES | own and len(word) > 1}
    kept -= set(_names(parts, kept, own))
    phrases = _nearly_all([{run for part in one for run in _runs(part, kept)} for one in parts])
    spoken = {word for phrase in phrases for word in phrase}
    singles = {phrase: count for phrase, count in often.items() if phrase[0] in kept - spoken}
    found = sorted({**phrases, **singles}.items(), key=lambda one: (-one[1], one[0]))
    return [(" ".join(phrase), count) for phrase, count in found]


def words(text: str) -> list[str]:
    """The words of a text in lower case; underscores are spaces, as in tags."""
    return re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", text.casefold())


def without(caption: str, phrase: str) -> str:
    """A caption without the tags that say nothing but a phrase; the rest of it to the letter."""
    parts = re.split(r"(\s*[,\n]\s*)", caption)
    tags = zip(parts[::2], [*parts[1::2], ""], strict=True)
    text = "".join(tag + mark for tag, mark in tags if words(tag) != words(phrase))
    return text if text == caption else re.sub(r"[\s,]+$", "", text).lstrip()


def _parts(caption: str) -> Iterator[list[str]]:
    """What stands between commas and full stops, in words."""
    for part in re.split(r"[,.;:!?\n]", caption):
        yield words(part)


def _nearly_all(found: Sequence[set[Phrase]]) -> dict[Phrase, int]:
    """What stands in at least 5 captions, and is missing from at most one in ten."""
    counts = Counter(phrase for one in found for phrase in one)
    enough = max(FEWEST, len(found) - len(found) // EXCEPT)
    return {phrase: count for phrase, count in counts.items() if count >= enough}


def _names(parts: Sequence[Sequence[list[str]]], kept: set[str], own: set[str]) -> Iterator[str]:
    """The frequent words that directly follow the trigger word."""
    for part in (part for one in parts for part in one):
        place = max((number for number, word in enumerate(part) if word in own), default=None)
        for word in part[place + 1 :] if place is not None else ():
            if word not in kept:
                break
            yield word


def _runs(part: Sequence[str], kept: set[str]) -> Iterator[Phrase]:
    """The frequent words of a part that stand together, with what joins them."""
    for inside, run in groupby(part, key=lambda word: word in kept or word in JOINTS):
        said = list(run)
        while said and said[0] in JOINTS:
            said.pop(0)
        while said and said[-1] in JOINTS:
            said.pop()
        if inside and said:
            yield tuple(said)
