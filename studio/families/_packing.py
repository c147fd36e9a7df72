"""Packing an opened model's largest parts into a storage, on their way to the card."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from studio.models.storage import STORAGES

if TYPE_CHECKING:
    import torch
    from torch import nn


def packed(
    parts: Mapping[str, Any], stored: Collection[str], storage: str, device: torch.device, *, frugal: bool
) -> None:
    """Let a storage take the parts that are named in `stored`; the others stay as they are.

    Layer after layer is packed on the device, so that it never holds more than one as it was; those of
    a `frugal` model go back and wait for their turn.
    """
    chosen = STORAGES.get(storage)
    for name in stored if chosen.packs else ():
        module = parts.get(name)
        if module is not None:
            keep_types_from_t5(module)
            chosen.prepare(module, device)
            if frugal:
                module.to("cpu")


def keep_types_from_t5(module: nn.Module) -> None:
    """T5's last layer of a block is asked for the type of its weight, which a packed one cannot tell."""
    from transformers.models.t5.modeling_t5 import T5DenseActDense, T5DenseGatedActDense

    for each in module.modules():
        if isinstance(each, (T5DenseActDense, T5DenseGatedActDense)):
            each.wo = _untyped(each.wo)


def _untyped(layer: nn.Linear) -> nn.Module:
    from torch import Tensor, nn

    class Untyped(nn.Module):
        """A layer without a weight to be seen; it computes in the precision that the layer has now."""

        weight = None
        precision = layer.weight.dtype

        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, states: Tensor) -> Tensor:
            told: Tensor = self.layer(states.to(self.precision))
            return told

    return Untyped()
