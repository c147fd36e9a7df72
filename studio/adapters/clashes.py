"""Clashes: how much adapters want to change the same directions of the same layers, known before painting.

High overlap means "likely to clash"; low overlap is no proof of a good mix. Pictures decide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from studio.adapters.blocks import block_of, blocks_of
from studio.adapters.decomposition import shortened_dense
from studio.adapters.factors import Delta, Factors
from studio.adapters.layers import Layer
from studio.adapters.reading import Adapter

if TYPE_CHECKING:
    from torch import Tensor

WeightOf = Callable[[Layer], "Tensor"]
"""W₀ of a layer; `Mixer.original` is one."""
LIKELY = 0.15  # cosine or overlap from which two are told to clash
RANK = 16  # of what stands for a change that is no product of two matrices


class Touch(NamedTuple):
    """How two adapters meet, in a block or everywhere.

    `cosine` is that of both changes as vectors, from −1 to 1; `overlap` the part of the smaller
    subspace, of inputs and outputs together, that lies in the other's, from 0 to 1.
    """

    cosine: float
    overlap: float


@dataclass(frozen=True)
class ClashMap:
    """Of each pair of adapters, by their places in the list: how they meet, as a whole and by block."""

    names: tuple[str, ...]
    blocks: tuple[str, ...]
    pairs: Mapping[tuple[int, int], Touch]
    strips: Mapping[tuple[int, int], Mapping[str, Touch]]

    def matrix(self, measure: str) -> list[list[float]]:
        """ "cosine" or "overlap" as a square, 1 on its diagonal."""
        square = [[float(i == j) for j in range(len(self.names))] for i in range(len(self.names))]
        for (one, other), touch in self.pairs.items():
            square[one][other] = square[other][one] = float(getattr(touch, measure))
        return square

    def sentences(self) -> list[str]:
        """What to try, for each pair that is likely to clash; the worst first."""
        worst = sorted(self.pairs.items(), key=lambda item: -_heat(item[1]))
        return [self._sentence(pair) for pair, touch in worst if _heat(touch) >= LIKELY]

    def _sentence(self, pair: tuple[int, int]) -> str:
        hot = sorted(self.strips[pair].items(), key=lambda item: -_heat(item[1]))[:2]
        where = " and ".join(block for block, _ in hot)
        one, other = (self.names[index] for index in pair)
        return (
            f"“{one}” and “{other}” fight over the same layers, mostly {where}: try one early and the "
            f"other late, give one the mask “content” and the other “style”, or lower both."
        )


def clash_map(adapters: Sequence[Adapter], weight_of: WeightOf) -> ClashMap:
    """Compare each pair in the layers that both change, from their factors alone where they have some."""
    sums: dict[tuple[int, int], dict[str, list[float]]] = {}
    for pair in combinations(range(len(adapters)), 2):
        one, other = (adapters[index].changes for index in pair)
        sums[pair] = defaultdict(lambda: [0.0] * 5)
        for layer in one.keys() & other.keys():
            found = _meet(one[layer], other[layer], weight_of(layer))
            block = sums[pair][block_of(layer)]
            block[:] = [total + part for total, part in zip(block, found, strict=True)]
        for index, (own, theirs) in enumerate(((one, other), (other, one))):
            for layer in own.keys() - theirs.keys():  # counts for its norm alone
                sums[pair][block_of(layer)][1 + index] += own[layer].norm(weight_of(layer)) ** 2
    return ClashMap(
        names=tuple(adapter.name for adapter in adapters),
        blocks=blocks_of(layer for adapter in adapters for layer in adapter.changes),
        pairs={
            pair: _touch([sum(each) for each in zip(*s.values(), strict=True)]) for pair, s in sums.items()
        },
        strips={pair: {block: _touch(s) for block, s in parts.items()} for pair, parts in sums.items()},
    )


def inner_product(one: Delta, other: Delta, weight: Tensor) -> float:
    """⟨ΔW₁, ΔW₂⟩; of two products of matrices Σ (B₂ᵀB₁) ⊙ (A₂A₁ᵀ), without forming either."""
    if isinstance(one, Factors) and isinstance(other, Factors):
        (up_1, down_1), (up_2, down_2) = one.matrices(weight), other.matrices(weight)
        return float(((up_2.T @ up_1) * (down_2 @ down_1.T)).sum()) * one.scale * other.scale
    return float((one.delta(weight) * other.delta(weight)).sum())


def subspace_overlap(one: Delta, other: Delta, weight: Tensor) -> float:
    """‖Q₁ᵀQ₂‖² / min(rank) of the orthonormal bases of outputs and of inputs, their mean: 0 to 1."""
    pairs = zip(_bases(one, weight), _bases(other, weight), strict=True)
    parts = [float((a.T @ b).square().sum()) / max(1, min(a.shape[1], b.shape[1])) for a, b in pairs]
    return sum(parts) / len(parts)


def _bases(change: Delta, weight: Tensor) -> tuple[Tensor, Tensor]:
    import torch

    if not isinstance(change, Factors):
        change = shortened_dense(change.delta(weight), rank=RANK).factors
    up, down = change.matrices(weight)
    return torch.linalg.qr(up).Q, torch.linalg.qr(down.T).Q


def _meet(one: Delta, other: Delta, weight: Tensor) -> list[float]:
    """The inner product, both squared norms, the overlap weighted by both norms, and that weight."""
    if weight.ndim < 2:
        return [0.0] * 5
    norms = one.norm(weight), other.norm(weight)
    product = norms[0] * norms[1]
    overlap = subspace_overlap(one, other, weight) if product else 0.0
    return [inner_product(one, other, weight), norms[0] ** 2, norms[1] ** 2, overlap * product, product]


def _touch(sums: Sequence[float]) -> Touch:
    if not sums:
        return Touch(0.0, 0.0)
    inner, one, other, overlap, weight = sums
    whole = sqrt(one * other)
    # Layers that only one of them changes cannot clash: they make the overlap smaller too.
    return Touch(inner / whole if whole else 0.0, overlap / max(weight, whole) if weight else 0.0)


def _heat(touch: Touch) -> float:
    return max(abs(touch.cosine), touch.overlap)
