"""Scores: what the cells of a contact sheet are worth, and which one is recommended. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LOST_VARIETY = 0.5  # of the base's: fewer differences between seeds are a sign of copying


@dataclass(frozen=True)
class Cell:
    """A checkpoint at a strength. All four scores are between -1 and 1, cosines of features.

    `likeness` to the training pictures and `fit` to the prompt are good when high; `drift` is how far
    prompts without the trigger word moved away from the base; `variety` is between seeds.
    """

    step: int
    weight: float
    likeness: float
    fit: float
    drift: float
    variety: float


@dataclass(frozen=True)
class Choice:
    """The cell that is recommended, in plain words, and the sentences that bear it out."""

    cell: Cell
    sentence: str
    evidence: tuple[str, ...]


def choose(cells: Sequence[Cell], base: Cell) -> Choice:
    """The cell that learned most for what it cost; of equals the earlier and the milder one.

    Each score counts in the span that it has over all cells and the base: likeness once, fit and
    drift half, variety lost a quarter.
    """
    everyone = [*cells, base]
    likeness, fit, drift = (_spans(everyone, each) for each in ("likeness", "fit", "drift"))

    def worth(cell: Cell) -> float:
        lost = max(0.0, 1 - cell.variety / base.variety) if base.variety > 0 else 0.0
        return likeness(cell) + 0.5 * fit(cell) - 0.5 * drift(cell) - 0.25 * lost

    best = max(cells, key=lambda cell: (round(worth(cell), 3), -cell.step, -abs(cell.weight - 1)))
    return Choice(best, _sentence(best, cells, base), tuple(_evidence(best, cells, base)))


def _spans(cells: Sequence[Cell], name: str) -> Callable[[Cell], float]:
    """A cell's share of the span that all cells have in a score."""
    values = [getattr(cell, name) for cell in cells]
    low, span = min(values), max(max(values) - min(values), 0.02)  # less is chance

    def share(cell: Cell) -> float:
        return float((getattr(cell, name) - low) / span)

    return share


def _sentence(best: Cell, cells: Sequence[Cell], base: Cell) -> str:
    told = f"Checkpoint {best.step} at strength {best.weight:g}."
    later = [cell for cell in cells if cell.step > best.step and cell.weight == best.weight]
    if best.likeness - base.likeness < 0.01:
        return f"{told} It hardly resembles your pictures yet: train longer, or with a higher learning rate."
    if later and min(cell.variety for cell in later) < LOST_VARIETY * base.variety:
        return f"{told} Later ones copy your pictures: every seed gives nearly the same."
    if later and max(cell.drift for cell in later) > best.drift + 0.05:
        return f"{told} Later ones also change pictures in which the trigger word is not used."
    if later and max(cell.likeness for cell in later) <= best.likeness + 0.005:
        return f"{told} Later ones do not come closer to your pictures."
    return told


def _evidence(best: Cell, cells: Sequence[Cell], base: Cell) -> list[str]:
    most = max(cell.likeness for cell in cells)
    told = [
        f"Likeness to your pictures: {best.likeness:.2f}, the base {base.likeness:.2f}, the most {most:.2f}.",
        f"The picture shows what the prompt says: {best.fit:.2f}, by the base {base.fit:.2f}.",
        f"Without the trigger word pictures moved by {best.drift:.2f} from the base's.",
    ]
    if base.variety > 0:
        told.append(f"Different seeds differ by {best.variety:.2f}, the base's by {base.variety:.2f}.")
    return told
