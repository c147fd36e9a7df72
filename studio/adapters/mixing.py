"""Mixing: W = W₀ + Σ wᵢ·ΔWᵢ, written into the model from an untouched W₀.

After mixing, the model runs at its bare speed whatever the number of adapters, and nothing is
left behind when a weight returns to zero: the layer gets the very bits of W₀ back. Where a layer
is quantised, the adapters run beside it instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from studio.adapters.beside import Beside, dequantised, runs_beside
from studio.adapters.factors import is_plain
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.originals import InMemory, Originals
from studio.adapters.reading import Adapter
from studio.adapters.stacks import Stacks

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model


@dataclass(frozen=True)
class Portion:
    """How much of an adapter is in the mix.

    `text_weight` is for the text encoders where it differs; `blocks` multiplies the weight in the
    layers that it names; `role` is what the adapter is there for ("subject", "style" …).
    """

    adapter: Adapter
    weight: float
    text_weight: float | None = None
    blocks: Mapping[Layer, float] = field(default_factory=dict)
    role: str = ""

    @property
    def weight_on_text(self) -> float:
        """The weight in the text encoders."""
        return self.weight if self.text_weight is None else self.text_weight

    def share(self, layer: Layer) -> float:
        """The weight in one layer."""
        weight = self.weight if layer.part == DENOISER else self.weight_on_text
        return weight * self.blocks.get(layer, 1.0)

    def shares_on_text(self) -> tuple[float, ...]:
        """The different weights, other than 0, that it has in the text encoders."""
        shares = {self.share(layer) for layer in self.adapter.changes if layer.part != DENOISER}
        return tuple(sorted(shares - {0.0}))

    def times(self, factor: float) -> Portion:
        """The same with another weight in the denoiser; the words keep theirs."""
        if factor == 1:
            return self
        return replace(self, weight=self.weight * factor, text_weight=self.weight_on_text)


Recipe = tuple[tuple[Adapter, float], ...]
"""What one layer is mixed of; adapters of weight 0 are not in it."""


class Mixer:
    """Keeps the mix of one opened model; `originals` has W₀ of each layer that a mix has changed."""

    def __init__(self, model: Model, originals: Originals | None = None) -> None:
        self._parts = {DENOISER: model.denoiser, **model.text_encoders}
        self.originals: Originals = originals or InMemory()
        self._mixed: dict[Layer, Recipe] = {}
        self._written: set[Layer] = set()
        self._portions: list[Portion] = []
        self._stacks, self._beside = Stacks(), Beside(self._parts)

    def apply(self, mix: Sequence[tuple[Adapter, float] | Portion]) -> frozenset[str]:
        """Make the model's weights those of this mix; returns the parts whose weights changed.

        Only those layers are written whose own mix is another than before.
        """
        portions = [each if isinstance(each, Portion) else Portion(*each) for each in mix]
        touched = {layer: None for portion in portions for layer in portion.adapter.changes}
        forgotten = [layer for layer in self._mixed if layer not in touched]
        changed = set()
        for layer in [*forgotten, *touched]:
            recipe = _recipe(layer, portions)
            if self._mixed.get(layer, ()) != recipe:
                self._write(layer, recipe)
                changed.add(layer.part)
        for layer in forgotten:
            del self._mixed[layer]
        self.originals.forget(forgotten)
        self._written.difference_update(forgotten)
        self._stacks.forget(forgotten)
        self._beside.keep_only({portion.adapter for portion in portions})
        self._portions = portions
        return frozenset(changed)

    def original(self, layer: Layer) -> Tensor:
        """W₀ of a layer, as it was before any mix; of a quantised one what it stands for."""
        weight: Tensor = getattr(self._parts[layer.part].get_submodule(layer.path), layer.parameter)
        if runs_beside(weight, layer):
            module = self._parts[layer.part].get_submodule(layer.path)
            return dequantised(getattr(module, "base_layer", module))
        return self.originals.get(layer) if layer in self._written else weight.detach()

    @property
    def text_mix(self) -> tuple[tuple[str, tuple[float, ...]], ...]:
        """What the text encoders are mixed of, (hash, weights) each: the same mix reads prompts the same."""
        told = ((portion.adapter.receipt.hash, portion.shares_on_text()) for portion in self._portions)
        return tuple((name, shares) for name, shares in told if shares)

    def _write(self, layer: Layer, recipe: Recipe) -> None:
        import torch

        module = self._parts[layer.part].get_submodule(layer.path)
        weight: Tensor = getattr(module, layer.parameter)
        self._mixed[layer] = recipe
        if runs_beside(weight, layer):
            self._beside.write(layer, recipe)
            return
        with torch.no_grad():
            self.originals.keep(layer, weight)
            self._written.add(layer)
            original = self.originals.get(layer)
            weight.copy_(self._changed(layer, original, weight, recipe) if recipe else original)

    def _changed(self, layer: Layer, original: Tensor, weight: Tensor, recipe: Recipe) -> Tensor:
        """W₀ + Σ wΔW in float32: one product for all that are plain LoRAs, then the others in turn."""
        import torch

        base = original.to(weight.device, torch.float32, copy=True, non_blocking=True)
        plain: list[tuple[Adapter, float]] = []
        others: list[tuple[Adapter, float]] = []
        for adapter, share in recipe:
            change = adapter.changes[layer]
            (plain if is_plain(change) else others).append((adapter, share))
        mixed = self._stacks.add(layer, base, plain) if plain else base.clone() if others else base
        for adapter, share in others:
            adapter.changes[layer].add_to(mixed, base, share)
        return mixed


def _recipe(layer: Layer, portions: Sequence[Portion]) -> Recipe:
    shares = (
        (portion.adapter, portion.share(layer)) for portion in portions if layer in portion.adapter.changes
    )
    return tuple((adapter, share) for adapter, share in shares if share)
