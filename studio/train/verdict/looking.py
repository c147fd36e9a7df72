"""Looking: what a CLIP makes of the pictures that a checkpoint painted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.train.verdict.eyes import Eyes
from studio.train.verdict.scores import Cell

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor


@dataclass(frozen=True)
class Tried:
    """A checkpoint at a strength, and what it painted: for each prompt a picture of each seed."""

    step: int
    weight: float
    pictures: tuple[tuple[Image.Image, ...], ...]


class Look:
    """The scores of what was painted; `own` are training pictures, `meant` what the first two prompts say."""

    def __init__(self, eyes: Eyes, own: Sequence[Image.Image], meant: Sequence[str]) -> None:
        self.eyes = eyes
        self.own, self.meant = eyes.see(own), eyes.read(meant)
        self.variety = apart(self.own)
        """How far the training pictures are from one another."""

    def cell(self, tried: Tried, base: Tried) -> Cell:
        """Likeness and fit of the first two prompts, variety of the first, drift of the third."""
        import torch

        first, second, third = (self.eyes.see(pictures) for pictures in tried.pictures)
        of_base = self.eyes.see(base.pictures[2])
        return Cell(
            step=tried.step,
            weight=tried.weight,
            likeness=float((torch.cat([first, second]) @ self.own.T).mean()),
            fit=float(((first @ self.meant[0]).mean() + (second @ self.meant[1]).mean()) / 2),
            obeys=float((second @ (self.meant[1] - self.meant[0])).mean()),
            drift=float(1 - (third * of_base).sum(1).mean()),
            variety=apart(first),
        )


def apart(features: Tensor) -> float:
    """The mean of 1 - cosine over all pairs of rows; 0 where there is one row."""
    count = len(features)
    if count < 2:
        return 0.0
    cosines = features @ features.T
    return float(1 - (cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1)))
