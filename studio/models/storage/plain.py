"""Weights as they are, in the precision that the model works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.models.storage._base import Storage

if TYPE_CHECKING:
    import torch
    from torch import nn


class Plain(Storage):
    """Nothing is packed."""

    name = "plain"
    title = "as it is"
    about = "Two bytes a weight. Exact, and quickest."
    bits = 0
    devices = ()
    order = 10

    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """The layer itself."""
        return layer


ENTRY = Plain()
