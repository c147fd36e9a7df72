"""Extraction: a LoRA out of a fine-tuned model and its base, by singular values."""

from __future__ import annotations

from collections.abc import Sequence

from studio.adapters.clashes import WeightOf
from studio.adapters.decomposition import shortened_dense
from studio.adapters.factors import Delta
from studio.adapters.layers import Layer
from studio.adapters.workbench.loose import Progress
from studio.errors import AdapterError

LEAST = 1e-5  # of a weight's size: smaller differences are those of rounding


def extract(
    tuned: WeightOf,
    base: WeightOf,
    layers: Sequence[Layer],
    *,
    rank: int = 0,
    energy: float = 1.0,
    progress: Progress | None = None,
) -> tuple[dict[Layer, Delta], float]:
    """The nearest LoRA to the difference of two models, and the part of ‖ΔW‖² that it keeps.

    Of `rank` in each layer, or of the least rank that keeps the part `energy`. Layers that are the
    same in both are left out; raises `AdapterError` if all are.
    """
    changes: dict[Layer, Delta] = {}
    kept = total = 0.0
    for number, layer in enumerate(layers):
        if progress:
            progress(number, len(layers))
        original = base(layer).float()
        difference = tuned(layer).float() - original
        if float(difference.norm()) <= LEAST * float(original.norm()):
            continue
        found = shortened_dense(difference, rank=rank, energy=energy)
        changes[layer] = found.factors
        size = float(difference.square().sum())
        kept, total = kept + found.energy * size, total + size
    if not changes:
        raise AdapterError("There is nothing to extract", why="The two models have the same weights")
    return changes, kept / total
