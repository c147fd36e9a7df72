"""Mixing: W = W₀ + Σ wᵢ·ΔWᵢ, written into the model from an untouched W₀.

After mixing, the model runs at its bare speed whatever the number of adapters, and nothing is
left behind when a weight returns to zero: the layer gets the very bits of W₀ back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from studio.adapters.layers import DENOISER, Layer
from studio.adapters.reading import Adapter

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model


class Portion(NamedTuple):
    """How much of an adapter is in the mix; `text_weight` is for the text encoders where it differs."""

    adapter: Adapter
    weight: float
    text_weight: float | None = None

    @property
    def weight_on_text(self) -> float:
        """The weight in the text encoders."""
        return self.weight if self.text_weight is None else self.text_weight

    def share(self, layer: Layer) -> float:
        """The weight in one layer."""
        return self.weight if layer.part == DENOISER else self.weight_on_text


Recipe = tuple[tuple[Adapter, float], ...]
"""What one layer is mixed of; adapters of weight 0 are not in it."""


class Mixer:
    """Keeps the mix of one opened model.

    `originals` is W₀ of each layer that a mix has changed, kept on the CPU, in pinned memory where
    there is a card, until no given adapter touches the layer any more.
    """

    def __init__(self, model: Model) -> None:
        self._parts = {DENOISER: model.denoiser, **model.text_encoders}
        self.originals: dict[Layer, Tensor] = {}
        self._mixed: dict[Layer, Recipe] = {}
        self._portions: list[Portion] = []

    def apply(self, mix: Sequence[tuple[Adapter, float] | Portion]) -> frozenset[str]:
        """Make the model's weights those of this mix; returns the parts whose weights changed.

        Only those layers are written whose own mix is another than before.
        """
        portions = [Portion(*each) for each in mix]
        touched = {layer: None for portion in portions for layer in portion.adapter.changes}
        forgotten = [layer for layer in self.originals if layer not in touched]
        changed = set()
        for layer in [*forgotten, *touched]:
            recipe = _recipe(layer, portions)
            if self._mixed.get(layer, ()) != recipe:
                self._write(layer, recipe)
                changed.add(layer.part)
        for layer in forgotten:
            del self.originals[layer], self._mixed[layer]
        self._portions = portions
        return frozenset(changed)

    @property
    def text_mix(self) -> tuple[tuple[str, float], ...]:
        """What the text encoders are mixed of, (hash, weight) each: the same mix encodes prompts the same."""
        return tuple(
            (portion.adapter.receipt.hash, portion.weight_on_text)
            for portion in self._portions
            if portion.weight_on_text and portion.adapter.has_text
        )

    def _write(self, layer: Layer, recipe: Recipe) -> None:
        import torch

        weight = self._weight(layer)
        if layer not in self.originals:
            self.originals[layer] = _kept(weight)
        original = self.originals[layer]
        with torch.no_grad():
            mixed = original.to(weight.device, torch.float32, copy=True) if recipe else original
            for adapter, share in recipe:
                mixed.add_(adapter.changes[layer].delta(weight), alpha=share)
            weight.copy_(mixed)
        self._mixed[layer] = recipe

    def _weight(self, layer: Layer) -> Tensor:
        weight: Tensor = self._parts[layer.part].get_submodule(layer.path).weight  # type: ignore[assignment]
        return weight


def _recipe(layer: Layer, portions: Sequence[Portion]) -> Recipe:
    shares = (
        (portion.adapter, portion.share(layer)) for portion in portions if layer in portion.adapter.changes
    )
    return tuple((adapter, share) for adapter, share in shares if share)


def _kept(weight: Tensor) -> Tensor:
    kept = weight.detach().to("cpu", copy=True)
    return kept.pin_memory() if weight.is_cuda else kept
