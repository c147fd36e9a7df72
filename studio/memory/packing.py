"""Packing: the layers of a weightless model as a storage keeps them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from studio.memory.counting import WEIGHTLESS
from studio.models.storage import STORAGES
from studio.models.storage._base import stored_layers


def pack(module: nn.Module, storage: str) -> None:
    """Put layers of `Storage.bytes_of` bytes in place of those that the storage takes."""
    kind = STORAGES.get(storage)
    if kind.packs:
        for path, layer in list(stored_layers(module)):
            count = layer.weight.numel()
            fetched = -int(-count * kind.bits // 8) if kind.away else 0
            module.set_submodule(path, Packed(layer, kind.bytes_of(count), fetched))


class Packed(nn.Linear):
    """A layer of so many bytes that is unpacked for its own work, forward and again backward.

    `fetched` bytes more come to the card for that. The library's own quantised layers do the same, but
    pack real numbers only.
    """

    def __init__(self, layer: nn.Linear, size: int, fetched: int) -> None:
        super().__init__(layer.in_features, layer.out_features, bias=False, device=WEIGHTLESS)
        self.precision, self.fetched = layer.weight.dtype, fetched
        packed = torch.empty(size or 1, 1, dtype=torch.uint8, device=WEIGHTLESS)
        stored = packed if size else packed.expand(fetched, 1)  # one byte stands in for what lies elsewhere
        self.weight = nn.Parameter(stored, requires_grad=False)
        self.bias = layer.bias

    def forward(self, input: Tensor) -> Tensor:
        """As a plain layer's."""
        shape = (self.out_features, self.in_features)
        product: Tensor = _Product.apply(  # type: ignore[no-untyped-call]
            input.to(self.precision), self.weight, shape, self.fetched
        )
        return product if self.bias is None else product + self.bias


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, shape: tuple[int, int], fetched: int) -> Tensor:
        ctx.shape, ctx.fetched, ctx.precision = shape, fetched, input.dtype
        ctx.save_for_backward(weight)
        return nn.functional.linear(input, _unpacked(weight, shape, input.dtype, fetched))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (weight,) = ctx.saved_tensors
        whole = _unpacked(weight, ctx.shape, ctx.precision, ctx.fetched)
        return gradients[0].to(ctx.precision) @ whole, None, None, None


def _unpacked(weight: Tensor, shape: tuple[int, int], precision: torch.dtype, fetched: int) -> Tensor:
    """The weight for which it stands; what was fetched for it is there until it is made."""
    arrived = weight.new_empty(fetched)
    whole = weight.new_empty(shape, dtype=precision)
    del arrived
    return whole
