"""Force: how strongly adapters push each block, |w|·‖ΔW‖ / ‖W₀‖, by which an overcooked mix is seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from math import hypot, prod, sqrt

from studio.adapters.blocks import block_of
from studio.adapters.clashes import WeightOf
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.mixing import Portion
from studio.adapters.reading import Adapter

STRONGEST = 2.0  # of a slider


SizeOf = Callable[[Layer], float]
"""‖W₀‖ of a layer, for callers who have measured it before."""


def force(
    portions: Sequence[Portion], weight_of: WeightOf, size_of: SizeOf | None = None
) -> list[dict[str, float]]:
    """Of each adapter, by block; 0.1 means that it changes the weights by a tenth of their size."""
    return [_force(portion, weight_of, size_of or _measured(weight_of)) for portion in portions]


def total_force(portion: Portion, weight_of: WeightOf, size_of: SizeOf | None = None) -> float:
    """The same over the whole denoiser."""
    return hypot(*parts_of_total(portion, weight_of, size_of).values())


def parts_of_total(portion: Portion, weight_of: WeightOf, size_of: SizeOf | None = None) -> dict[str, float]:
    """What each block of the denoiser has in `total_force`, which is the root of the sum of their squares."""
    size_of = size_of or _measured(weight_of)
    changed: defaultdict[str, float] = defaultdict(float)
    original = 0.0
    for layer, change in portion.adapter.changes.items():
        if layer.part == DENOISER:
            changed[block_of(layer)] += (portion.share(layer) * change.norm(weight_of(layer))) ** 2
            original += size_of(layer) ** 2
    return {block: sqrt(each / original) if original else 0.0 for block, each in changed.items()}


def equal_force(
    adapters: Sequence[Adapter], weight_of: WeightOf, size_of: SizeOf | None = None
) -> list[float]:
    """Weights at which all push equally hard, as hard as they do on average (geometric) at weight 1."""
    return evened([total_force(Portion(adapter, 1.0), weight_of, size_of) for adapter in adapters])


def evened(forces: Sequence[float]) -> list[float]:
    """The weights that make these forces (at weight 1) their geometric mean; 1 where there is no force."""
    heard = [each for each in forces if each > 0]
    product = prod(each ** (1 / len(heard)) for each in heard)
    return [min(STRONGEST, product / each) if each > 0 else 1.0 for each in forces]


def _measured(weight_of: WeightOf) -> SizeOf:
    return lambda layer: float(weight_of(layer).float().norm())


def _force(portion: Portion, weight_of: WeightOf, size_of: SizeOf) -> dict[str, float]:
    changed: defaultdict[str, float] = defaultdict(float)
    original: defaultdict[str, float] = defaultdict(float)
    for layer, change in portion.adapter.changes.items():
        block = block_of(layer)
        changed[block] += (portion.share(layer) * change.norm(weight_of(layer))) ** 2
        original[block] += size_of(layer) ** 2
    return {block: sqrt(changed[block] / original[block]) if original[block] else 0.0 for block in changed}
