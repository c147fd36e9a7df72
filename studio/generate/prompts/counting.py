"""How long a prompt is to each text encoder of a base, without opening the base."""

from __future__ import annotations

from dataclasses import dataclass

from studio.generate.prompts.attention import plain, read_weights
from studio.generate.prompts.chunks import chunks
from studio.generate.prompts.scheduling import read_schedule
from studio.generate.prompts.tags import TAG
from studio.models.tokens import TokenCounter, counters
from studio.workspace import Workspace

CLIP = 75
STEPS = 20  # at which prompts that change are looked at


@dataclass(frozen=True)
class Count:
    """What an encoder makes of a prompt; `limit` is what it reads at a time, `chunks` how often it reads."""

    encoder: str
    tokens: int
    limit: int
    chunks: int


def counts(base: str, workspace: Workspace, prompt: str) -> list[Count]:
    """The length of a prompt for each encoder, at its longest step; wildcards count as they stand.

    Empty where nothing is known of the base yet; raises `ModelError` for one that does not exist.
    """
    texts = {part.text for part in read_schedule(TAG.sub("", prompt), STEPS)}
    return [max((_count(one, text) for text in texts), key=_length) for one in counters(base, workspace)]


def _count(counter: TokenCounter, text: str) -> Count:
    if counter.limit > CLIP:  # read as a whole
        return Count(counter.name, counter.count(plain(text)), counter.limit, 1)
    found = chunks(read_weights(text), counter.limit, counter.count)
    return Count(counter.name, sum(len(part.weights) for part in found), counter.limit, len(found))


def _length(count: Count) -> tuple[int, int]:
    return count.chunks, count.tokens
