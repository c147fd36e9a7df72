"""Beside: adapters that run next to quantised layers, whose weights cannot be written.

peft holds the matrices; a slider only writes a scale, and an adapter of weight 0 is not computed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studio.adapters.factors import Delta, Factors, is_plain
from studio.adapters.layers import Layer
from studio.adapters.reading import Adapter
from studio.models.storage._base import is_packed

if TYPE_CHECKING:
    from torch import Tensor

RANK = 64  # of what stands for a change that is no product of two matrices


def runs_beside(weight: Tensor, layer: Layer) -> bool:
    """Whether the weight is packed, so that nothing can be added to it."""
    return is_packed(weight) or tuple(weight.shape) != layer.shape


class Beside:
    """The adapters beside the quantised layers of a model's parts."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts = parts
        self._names: dict[Adapter, str] = {}
        self._layers: dict[Layer, Any] = {}
        self._count = 0

    def write(self, layer: Layer, shares: Sequence[tuple[Adapter, float]]) -> None:
        """Set the scale of each adapter in this layer; others of it are silent."""
        for adapter, _ in shares:
            if adapter not in self._names:
                self._put(adapter)
        if layer not in self._layers:
            return
        beside = self._layers[layer]
        for adapter, share in shares:
            change = adapter.changes[layer]
            own = change.scale if is_plain(change) else 1.0
            beside.scaling[self._names[adapter]] = share * own
        beside._active_adapter = [self._names[adapter] for adapter, _ in shares]

    def keep_only(self, adapters: Collection[Adapter]) -> None:
        """Give back the memory of the others."""
        for adapter in [each for each in self._names if each not in adapters]:
            name = self._names.pop(adapter)
            for layer in adapter.changes:
                if layer in self._layers:
                    self._layers[layer].delete_adapter(name)

    def _put(self, adapter: Adapter) -> None:
        """Put the matrices of an adapter next to all quantised layers that it changes."""
        from torch import nn

        self._count += 1
        name = self._names[adapter] = f"mix_{self._count:06d}"
        for layer in _wrap(adapter, self._parts, name):
            beside = self._layers[layer] = self._parts[layer.part].get_submodule(layer.path)
            change = as_factors(adapter.changes[layer], beside)
            device = beside.get_base_layer().weight.device
            for half, matrix in (("lora_A", change.down), ("lora_B", change.up)):
                weight = matrix.flatten(1).to(device).float()
                getattr(beside, half)[name].weight = nn.Parameter(weight, requires_grad=False)


def _wrap(adapter: Adapter, parts: Mapping[str, Any], name: str) -> Iterator[Layer]:
    """Let peft put an empty adapter of this name next to the quantised layers; yields these."""
    from peft import LoraConfig, inject_adapter_in_model

    for part, root in parts.items():
        layers = [
            layer
            for layer in adapter.changes
            if layer.part == part and runs_beside(root.get_submodule(layer.path).weight, layer)
        ]
        if layers:
            paths = "|".join(re.escape(layer.path) for layer in layers)
            inject_adapter_in_model(LoraConfig(r=1, target_modules=f"(?:{paths})"), root, name)
            yield from layers


def as_factors(change: Delta, beside: Any) -> Factors:
    """The change as two matrices: its own, or the nearest of a limited rank where it has none."""
    if is_plain(change):
        return change
    from studio.adapters.decomposition import nearest_factors

    weight = dequantised(beside.get_base_layer())
    return nearest_factors(change.delta(weight), rank=RANK)


def dequantised(layer: Any) -> Tensor:
    """The weight for which a quantised layer stands, in float32."""
    if hasattr(layer, "dequantize"):
        own: Tensor = layer.dequantize()
        return own
    weight = layer.weight
    if state := getattr(weight, "quant_state", None):
        from bitsandbytes.functional import dequantize_4bit

        full: Tensor = dequantize_4bit(weight.data, state).float()
        return full
    scaled: Tensor = weight.CB.float() * weight.SCB.float()[:, None] / 127  # of bitsandbytes' int8
    return scaled
