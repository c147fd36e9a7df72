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
from studio.adapters.factors import Delta, Factors
from studio.adapters.layers import Layer
from studio.adapters.reading import Adapter

if TYPE_CHECKING:
    from torch import Tensor

WeightOf = Callable[[Layer], "Tensor"]
"""W₀ of a layer; `Mixer.original` is one."""
Watch = Callable[[int, int], None]
"""Told how many layers of how many are done; it may raise `Cancelled`."""
COSINE, OVERLAP = 0.15, 0.3  # from which two are told to clash
RANK = 16  # of what stands for a change that is no product of two matrices


class Touch(NamedTuple):
    """How two adapters meet, in a block or everywhere.

    `cosine` is that of both changes as vectors, from −1 to 1; `overlap` the part of the smaller
    subspace of outputs that lies in the other's, from 0 (no more than chance would have it) to 1.

    The inputs that adapters listen to say nothing: they hardly move from where a training began
    (Zhu et al., arXiv 2402.16842), so that all LoRAs trained from one seed have them in common.
    Measured on trainings of the miniature: the same thing twice 0.26 to 0.29 and 0.23 to 0.26,
    different things 0.01 to 0.11 and 0.14 to 0.18, a thing and a style 0.04 to 0.07 and 0.15.
    """

    cosine: float
    overlap: float

    @property
    def heat(self) -> float:
        """How likely they clash; 1 is where one is told of it."""
        return max(abs(self.cosine) / COSINE, self.overlap / OVERLAP)


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
        worst = sorted(self.pairs.items(), key=lambda item: -item[1].heat)
        return [self._sentence(pair) for pair, touch in worst if touch.heat >= 1]

    def _sentence(self, pair: tuple[int, int]) -> str:
        hot = sorted(self.strips[pair].items(), key=lambda item: -item[1].heat)[:2]
        where = " and ".join(block for block, _ in hot)
        one, other = (self.names[index] for index in pair)
        return (
            f"“{one}” and “{other}” fight over the same layers, mostly {where}: try one early and the "
            f"other late, let one act on the blocks “content” and the other on “style”, or lower both."
        )


def clash_map(adapters: Sequence[Adapter], weight_of: WeightOf, watch: Watch | None = None) -> ClashMap:
    """Compare each pair in the layers that both change, from their factors alone where they have some."""
    layers = list(dict.fromkeys(layer for adapter in adapters for layer in adapter.changes))
    pairs = list(combinations(range(len(adapters)), 2))
    sums: dict[tuple[int, int], dict[str, list[float]]] = {
        pair: defaultdict(lambda: [0.0] * 5) for pair in pairs
    }
    for number, layer in enumerate(layers):
        if watch:
            watch(number, len(layers))
        here = {index: a.changes[layer] for index, a in enumerate(adapters) if layer in a.changes}
        sides = _sides(here, weight_of(layer), alone=len(here) < 2)
        for pair in pairs:
            block = sums[pair][block_of(layer)]
            block[:] = map(sum, zip(block, _meet(*(sides.get(index) for index in pair)), strict=True))
    return ClashMap(
        names=tuple(adapter.name for adapter in adapters),
        blocks=blocks_of(layers),
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


def subspace_overlap(one: Tensor, other: Tensor) -> float:
    """‖Q₁ᵀQ₂‖² / min(rank) of two orthonormal bases, less what two random ones have in common: 0 to 1."""
    space, ranks = one.shape[0], (one.shape[1], other.shape[1])
    chance = max(ranks) / space
    if chance >= 1 or 0 in ranks:
        return 0.0
    common = float((one.T @ other).square().sum()) / min(ranks)
    return max(0.0, (common - chance) / (1 - chance))


class _Side(NamedTuple):
    """One adapter in one layer."""

    change: Delta
    weight: Tensor
    norm: float
    outputs: Tensor | None


def _sides(changes: Mapping[int, Delta], weight: Tensor, *, alone: bool) -> dict[int, _Side]:
    """What each adapter is there; of one that is alone, or of a bias, only how large it is."""
    bare = alone or weight.ndim < 2
    return {
        index: _Side(change, weight, change.norm(weight), None if bare else outputs_of(change, weight))
        for index, change in changes.items()
    }


def outputs_of(change: Delta, weight: Tensor) -> Tensor:
    """An orthonormal basis of the directions into which ΔW writes."""
    import torch

    if isinstance(change, Factors):
        across: Tensor = torch.linalg.qr(change.matrices(weight)[0]).Q
        return across
    whole = change.delta(weight).flatten(1)
    return torch.svd_lowrank(whole, min(RANK, *whole.shape))[0]


def _meet(one: _Side | None, other: _Side | None) -> list[float]:
    """The inner product, both squared norms, the overlap weighted by both norms, and that weight."""
    norms = [side.norm if side else 0.0 for side in (one, other)]
    squares = [norm**2 for norm in norms]
    product = norms[0] * norms[1]
    if not product or one is None or other is None or one.outputs is None or other.outputs is None:
        return [0.0, *squares, 0.0, 0.0]
    overlap = subspace_overlap(one.outputs, other.outputs)
    return [inner_product(one.change, other.change, one.weight), *squares, overlap * product, product]


def _touch(sums: Sequence[float]) -> Touch:
    if not sums:
        return Touch(0.0, 0.0)
    inner, one, other, overlap, weight = sums
    whole = sqrt(one * other)
    # Layers that only one of them changes cannot clash: they make the overlap smaller too.
    return Touch(inner / whole if whole else 0.0, overlap / max(weight, whole) if weight else 0.0)
