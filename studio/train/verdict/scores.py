"""Scores: what the cells of a contact sheet are worth, and which one is recommended. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HARDLY = 0.01  # more likeness than the base's: less is chance
FAINT = 0.2  # of the way from the base to your own pictures: with less, it has only begun to learn
COPIES = 0.5  # of the variety that is usual: with less, every seed gives nearly the same
DEAF = 0.5  # of what the base makes of the second prompt's difference from the first
ALIKE = 0.25  # more of the usual variety lost than by the chosen one that is worth a word
STRAYS = 0.6  # of how far two seeds of the base are apart: more drift, and it comes unasked
MOVES = 0.1  # more drift than the chosen one's that is worth a word
NEARLY = 0.03  # less worth than the best, which a strength nearer to 1 makes up for
GROWS = 0.02  # likeness by which the last checkpoint must exceed the one before it to still be growing


@dataclass(frozen=True)
class Cell:
    """A checkpoint at a strength. All scores are cosines of features, or differences of them.

    `likeness` to the training pictures, `fit` to the prompts, and `obeys`, by how much the second picture
    shows what only its own prompt says, are good when high; `drift` is how far prompts without the trigger
    word moved away from the base; `variety` is between seeds.
    """

    step: int
    weight: float
    likeness: float
    fit: float
    obeys: float
    drift: float
    variety: float


@dataclass(frozen=True)
class Choice:
    """The cell that is recommended, in plain words, and the sentences that bear it out."""

    cell: Cell
    sentence: str
    evidence: tuple[str, ...]


def choose(cells: Sequence[Cell], base: Cell, own_variety: float) -> Choice:
    """The cell that learned most for what it cost.

    Of nearly equal ones it is that with the strength nearest 1, then the earlier; `own_variety` is that of
    the training pictures.
    """
    judge = Judge(cells, base, own_variety)
    most = max(map(judge.worth, cells))
    near = [cell for cell in cells if judge.worth(cell) >= most - NEARLY]
    strength = min((abs(cell.weight - 1) for cell in near), default=0.0)
    best = max(
        (cell for cell in near if abs(cell.weight - 1) == strength),
        key=lambda cell: (round(judge.worth(cell), 2), -cell.step),
    )
    return Choice(best, judge.sentence(best), tuple(judge.evidence(best)))


class Judge:
    """What the cells are worth beside the base and beside one another."""

    def __init__(self, cells: Sequence[Cell], base: Cell, own_variety: float) -> None:
        self.cells, self.base, self.own_variety = cells, base, own_variety
        self.most = max(cell.likeness for cell in cells)
        known = [each for each in (base.variety, own_variety) if each > 0]
        self.usual_variety = min(known, default=0.0)

    def worth(self, cell: Cell) -> float:
        """1 for all the likeness that any cell gained over the base, less what it cost.

        Deafness to the prompt costs half, variety a quarter, drift 0.15 for being another picture altogether.
        """
        gained = (cell.likeness - self.base.likeness) / max(self.most - self.base.likeness, HARDLY)
        return gained - 0.5 * self._deafness(cell) - 0.25 * self._sameness(cell) - 0.15 * self._drift(cell)

    def sentence(self, best: Cell) -> str:
        """The recommendation, and why it is not a later checkpoint."""
        told = f"Best: checkpoint {best.step} at strength {best.weight:g}."
        later = [cell for cell in self.cells if cell.step > best.step and cell.weight == best.weight]
        why = [self._of_itself(best)] if self._of_itself(best) else [self._of_later(best, later)]
        return " ".join(filter(None, (told, *why, self._of_stronger(best))))

    def _of_itself(self, best: Cell) -> str:
        if best.likeness - self.base.likeness < HARDLY:
            return "It hardly resembles your pictures yet: train longer, or with a higher learning rate."
        if best.likeness - self.base.likeness < FAINT * (1 - self.base.likeness):
            return (
                "It resembles your pictures only a little yet: train longer, or with a higher learning rate."
            )
        if self._sameness(best) > 1 - COPIES:
            return "Its pictures are nearly the same at every seed: train shorter, or on more pictures."
        if self._deafness(best) > 1 - DEAF:
            return "It hardly heeds the rest of a prompt: train shorter, or on pictures with captions."
        if self._drift(best) > STRAYS:
            return (
                "It also changes pictures in which the trigger word is not used: "
                "train shorter, or use it at less strength."
            )
        return ""

    def _of_later(self, best: Cell, later: Sequence[Cell]) -> str:
        if not later:
            return self._of_the_last(best)
        if max(map(self._sameness, later)) > 1 - COPIES:
            return "Later ones copy your pictures: every seed gives nearly the same."
        if max(map(self._deafness, later)) > 1 - DEAF:
            return "Later ones copy your pictures: they no longer heed the rest of the prompt."
        if max(cell.drift for cell in later) > best.drift + MOVES:
            return "Later ones also change pictures in which the trigger word is not used."
        if max(cell.likeness for cell in later) <= best.likeness + HARDLY:
            return "Later ones do not come closer to your pictures, so training longer would not help."
        return ""

    def _of_stronger(self, best: Cell) -> str:
        stronger = [cell for cell in self.cells if cell.step == best.step and cell.weight > best.weight]
        if not stronger:
            return ""
        nearest = min(stronger, key=lambda cell: cell.weight)
        if nearest.drift > best.drift + MOVES / 2:
            return "Stronger, it also changes pictures in which the trigger word is not used."
        if self._sameness(nearest) > self._sameness(best) + ALIKE:
            return "Stronger, different seeds look more alike."
        return "Stronger, it comes no closer." if nearest.likeness <= best.likeness + HARDLY else ""

    def _of_the_last(self, best: Cell) -> str:
        before = [cell for cell in self.cells if cell.step < best.step and cell.weight == best.weight]
        grows = before and best.likeness > max(cell.likeness for cell in before) + GROWS
        return "It still came closer to your pictures at the end: training longer may help." if grows else ""

    def evidence(self, best: Cell) -> Iterator[str]:
        """What was measured, the chosen one beside the base."""
        base = self.base
        more = f"; {self.most:.2f} is the most that any reached" if self.most > best.likeness + HARDLY else ""
        yield f"Likeness to your pictures went from {base.likeness:.2f} to {best.likeness:.2f}, of 1{more}."
        yield (
            f"Its pictures show {best.fit:.2f} of what the prompt says; "
            f"the base alone, which never saw yours, {base.fit:.2f}."
        )
        seeds = f"; two seeds of the base are {base.variety:.2f} apart" if base.variety > 0 else ""
        yield f"Without the trigger word its pictures are {best.drift:.2f} away from the base's{seeds}."
        if base.variety > 0:
            own = f", your pictures {self.own_variety:.2f}" if self.own_variety else ""
            yield f"With it, two seeds are {best.variety:.2f} apart{own}: near 0, all would be one picture."

    def _sameness(self, cell: Cell) -> float:
        """The share of the usual variety that is lost, 0…1."""
        return max(0.0, 1 - cell.variety / self.usual_variety) if self.usual_variety else 0.0

    def _deafness(self, cell: Cell) -> float:
        """The share of what the base heeds of the second prompt that is lost, 0…1."""
        heard = self.base.obeys
        return min(1.0, max(0.0, 1 - cell.obeys / heard)) if heard > HARDLY else 0.0

    def _drift(self, cell: Cell) -> float:
        """As a share of how far two of the base's own pictures are apart, at most 1."""
        far = self.base.variety or 1.0
        return min(1.0, cell.drift / far)
