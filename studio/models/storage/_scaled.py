"""Linear layers whose weights are one byte each, with a scale for each row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class ScaledLinear(nn.Linear):
    """A layer that nobody trains; `weight` times `scale` (rows, 1) is what it stands for.

    It computes in the scale's precision.
    """

    scale: Tensor

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None) -> None:
        super().__init__(weight.shape[1], weight.shape[0], bias=False, device="meta")
        self.weight = nn.Parameter(weight, requires_grad=False)
        if bias is not None:
            self.bias = nn.Parameter(bias, requires_grad=False)
        self.register_buffer("scale", scale)

    def forward(self, input: Tensor) -> Tensor:
        """As a plain layer with the weight that this one stands for."""
        with torch.autocast(input.device.type, enabled=False):
            apply: Callable[..., Tensor] = _Product.apply
            product = apply(input.to(self.scale.dtype), self.numbers, self.scale)
        return product if self.bias is None else product + self.bias

    @property
    def numbers(self) -> Tensor:
        """The packed weight, wherever it lies."""
        return self.weight

    @property
    def W_q(self) -> Tensor:
        """The packed weight; by this name peft knows that it has to ask `dequantize` (as HQQ)."""
        return self.weight

    def dequantize(self) -> Tensor:
        """The weight that it stands for, in float32."""
        return unpacked(self.numbers, self.scale.float())


def unpacked(weight: Tensor, scale: Tensor) -> Tensor:
    """The weight in the scale's precision, where the scale is."""
    return weight.to(scale.device, non_blocking=True).to(scale.dtype) * scale


class _Product(torch.autograd.Function):
    """Input times weight; for the gradient the packed weight is kept, not the one that it stands for."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
        ctx.save_for_backward(weight, scale)
        return nn.functional.linear(input, unpacked(weight, scale))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        weight, scale = ctx.saved_tensors
        return gradients[0].to(scale.dtype) @ unpacked(weight, scale), None, None
