"""Whole numbers of eight bits, with a scale for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.storage._base import Storage

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

LARGEST = 127


class Int8(Storage):
    """Symmetric, of the weights alone: what flows through the layers keeps its precision."""

    name = "int8"
    title = "8-bit numbers"
    about = "Half the memory, nearly exact, on every device; some 10 % more time."
    bits = 8
    devices = ("cuda", "cpu", "mps", "xpu")
    order = 20

    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """Rounded to 127 steps up and down from zero in each row."""
        from studio.models.storage._scaled import ScaledLinear

        bias = layer.bias if layer.bias is None else layer.bias.detach().to(device)
        return ScaledLinear(*rounded(layer, device), bias)


def rounded(layer: nn.Linear, device: torch.device) -> tuple[Tensor, Tensor]:
    """The steps (out, in) of a layer's weight, and the size of one in each row (out, 1)."""
    import torch

    precision, weight = layer.weight.dtype, layer.weight.detach().to(device).float()
    reach = weight.abs().amax(dim=1, keepdim=True)
    scale = (reach / LARGEST).to(precision).clamp_min(torch.finfo(precision).tiny)
    steps = (weight / scale.float()).round_().clamp_(-LARGEST, LARGEST).to(torch.int8)
    return steps, scale


ENTRY = Int8()
