"""Rank and alpha of each layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt

from studio.networks._base import NetworkSettings
from studio.networks._targets import Shape


def largest_rank(shape: Shape) -> int:
    """The rank beyond which a change of a weight of this shape cannot hold more."""
    return min(shape[0], prod(shape[1:]))


def layer_rank(shape: Shape, settings: NetworkSettings) -> int:
    """The settings' rank, or what the layer can hold if that is less."""
    return min(settings.rank, largest_rank(shape))


def scale(settings: NetworkSettings) -> float:
    """What the product of the factors is multiplied by, the same in all layers.

    Alpha / rank, or alpha / √rank where it is rank-stabilised (Kalajdzievski, arXiv 2312.03732).
    """
    alpha = settings.alpha or settings.rank
    return alpha / (sqrt(settings.rank) if settings.rank_stabilised else settings.rank)


@dataclass(frozen=True)
class Ranks:
    """What peft is told: the usual rank and alpha, and those of the layers that are smaller."""

    rank: int
    alpha: float
    rank_pattern: Mapping[str, int]
    alpha_pattern: Mapping[str, float]

    @classmethod
    def of(cls, layers: Mapping[str, Shape], settings: NetworkSettings) -> Ranks:
        """For these layers, by path."""
        smaller = {
            path: layer_rank(shape, settings)
            for path, shape in layers.items()
            if largest_rank(shape) < settings.rank
        }
        return cls(
            rank=settings.rank,
            alpha=scale(settings) * settings.rank,
            rank_pattern=smaller,
            alpha_pattern={path: scale(settings) * rank for path, rank in smaller.items()},
        )

    def note(self, layers: int) -> str:
        """What to say of the smaller layers; empty if there are none."""
        if not self.rank_pattern:
            return ""
        return (
            f"The rank {self.rank} is more than {len(self.rank_pattern)} of the {layers} layers can hold; "
            f"there it is as large as the layer, {min(self.rank_pattern.values())} at the least."
        )
