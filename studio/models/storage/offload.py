"""Whole numbers of eight bits in the machine's memory; a layer's come to the card when it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.storage._base import Storage

if TYPE_CHECKING:
    import torch
    from torch import nn


class Offload(Storage):
    """As `int8`, to the bit; of the base, the card holds one layer at a time."""

    name = "offload"
    title = "8-bit numbers, off the card"
    about = (
        "Waits in the machine's own memory and visits the card layer by layer, for the smallest cards; "
        "up to twice the time."
    )
    bits = 8
    away = True
    devices = ("cuda", "cpu", "xpu")
    order = 50

    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """Rounded on the card, kept beside it."""
        from studio.models.storage._away import AwayLinear
        from studio.models.storage.int8 import rounded

        bias = layer.bias if layer.bias is None else layer.bias.detach()
        return AwayLinear(*rounded(layer, device), bias, device)


ENTRY = Offload()
