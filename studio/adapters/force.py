"""Force: how strongly adapters push each block, |w|·‖ΔW‖ / ‖W₀‖, by which an overcooked mix is seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt

from studio.adapters.blocks import block_of
from studio.adapters.clashes import WeightOf
from studio.adapters.layers import DENOISER
from studio.adapters.mixing import Portion
from studio.adapters.reading import Adapter

STRONGEST = 2.0  # of a slider


def force(portions: Sequence[Portion], weight_of: WeightOf) -> list[dict[str, float]]:
    """Of each adapter, by block; 0.1 means that it changes the weights by a tenth of their size."""
    return [_force(portion, weight_of) for portion in portions]


def total_force(portion: Portion, weight_of: WeightOf) -> float:
    """The same over the whole denoiser."""
    changed, original = 0.0, 0.0
    for layer, change in portion.adapter.changes.items():
        if layer.part == DENOISER:
            weight = weight_of(layer)
            changed += (portion.share(layer) * change.norm(weight)) ** 2
            original += float(weight.float().square().sum())
    return sqrt(changed / original) if original else 0.0


def equal_force(adapters: Sequence[Adapter], weight_of: WeightOf) -> list[float]:
    """Weights at which all push equally hard, as hard as they do on average (geometric) at weight 1."""
    forces = [total_force(Portion(adapter, 1.0), weight_of) for adapter in adapters]
    heard = [each for each in forces if each > 0]
    if not heard:
        return [1.0] * len(adapters)
    product = 1.0
    for each in heard:
        product *= each ** (1 / len(heard))
    return [min(STRONGEST, product / each) if each > 0 else 1.0 for each in forces]


def _force(portion: Portion, weight_of: WeightOf) -> dict[str, float]:
    changed: defaultdict[str, float] = defaultdict(float)
    original: defaultdict[str, float] = defaultdict(float)
    for layer, change in portion.adapter.changes.items():
        weight, block = weight_of(layer), block_of(layer)
        changed[block] += (portion.share(layer) * change.norm(weight)) ** 2
        original[block] += float(weight.float().square().sum())
    return {block: sqrt(changed[block] / original[block]) if original[block] else 0.0 for block in changed}
