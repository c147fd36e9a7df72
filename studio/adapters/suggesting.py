"""Suggest a mix: a small search over weights and windows, by whatever score the caller has."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

LEAST, MOST = 0.0, 1.4  # of a suggested weight
WINDOWS = ((0.0, 1.0), (0.0, 0.6), (0.4, 1.0))  # all the time, early, late


@dataclass(frozen=True)
class Suggestion:
    """A weight and a window for each adapter, and the score of their picture."""

    weights: tuple[float, ...]
    windows: tuple[tuple[float, float], ...]
    score: float = 0.0


Score = Callable[[Suggestion], float]
"""Paints with fixed seeds and says how good that is; more is better."""


def suggest(start: Sequence[float], score: Score, *, tries: int = 24, seed: int = 0) -> list[Suggestion]:
    """The mixes that were tried, best first, never the same twice.

    From `start` (the present weights, or those of equal force) one weight or window is moved at a
    time; a move that helps is kept, and its size shrinks when none does (pattern search, Hooke and
    Jeeves 1961). The same seed tries the same.
    """
    dice = random.Random(seed)
    best = _scored(Suggestion(tuple(map(_within, start)), (WINDOWS[0],) * len(start)), score)
    tried = {(best.weights, best.windows): best}
    size, idle = 0.3, 0
    while len(tried) < tries and size > 0.02:
        moved = _moved(best, size, dice)
        if (moved.weights, moved.windows) in tried:
            idle += 1
        else:
            found = tried[moved.weights, moved.windows] = _scored(moved, score)
            idle = 0 if found.score > best.score else idle + 1
            best = max(best, found, key=lambda each: each.score)
        if idle >= 4 * len(start):
            size, idle = size / 2, 0
    return sorted(tried.values(), key=lambda each: -each.score)


def _moved(best: Suggestion, size: float, dice: random.Random) -> Suggestion:
    """One weight a step up or down, or, every fourth time, another window."""
    index = dice.randrange(len(best.weights))
    weights, windows = list(best.weights), list(best.windows)
    if dice.random() < 0.25:
        windows[index] = dice.choice(WINDOWS)
    else:
        weights[index] = _within(weights[index] + dice.choice((-size, size)))
    return Suggestion(tuple(weights), tuple(windows))


def _scored(suggestion: Suggestion, score: Score) -> Suggestion:
    return Suggestion(suggestion.weights, suggestion.windows, score(suggestion))


def _within(weight: float) -> float:
    return round(min(MOST, max(LEAST, weight)), 3)
