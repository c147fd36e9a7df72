"""Floating point of eight bits (e4m3), with a power of two for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.storage._base import Storage

if TYPE_CHECKING:
    import torch
    from torch import nn

LARGEST = 448  # of e4m3 (Micikevicius et al., arXiv 2209.05433, table 1)


class Float8(Storage):
    """Computes in the model's precision, so that every card does it.

    Scales are powers of two: weights that come from a file in this format are kept exactly.
    """

    name = "fp8"
    title = "8-bit floating point"
    about = "Half the memory; exact for files that are in fp8 already; some 10 % more time."
    bits = 8
    order = 30

    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """Rounded to three bits of mantissa after each row has been moved into the format's range."""
        import torch

        from studio.models.storage._scaled import ScaledLinear

        precision, weight = layer.weight.dtype, layer.weight.detach().to(device).float()
        smallest = torch.finfo(precision).tiny
        reach = weight.abs().amax(dim=1, keepdim=True) / LARGEST
        scale = torch.exp2(reach.clamp_min(smallest).log2().ceil())
        small = (weight / scale).to(torch.float8_e4m3fn)
        bias = layer.bias if layer.bias is None else layer.bias.detach().to(device)
        return ScaledLinear(small, scale.to(precision), bias)


ENTRY = Float8()
