"""Linear layers whose numbers lie in the machine's memory, and come to the card for their own work only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import torch
from torch import Tensor

from studio.models.storage._scaled import ScaledLinear


class AwayLinear(ScaledLinear):
    """`weight` stands in for the numbers where others look for its shape, type and device; it is one byte.

    `device` is where the layer works. Nothing but fetching moves the numbers themselves.
    """

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None, device: torch.device) -> None:
        stand_in = weight.new_zeros(1, 1, device=device).expand(weight.shape)
        super().__init__(stand_in, scale.to(device), bias if bias is None else bias.to(device))
        self._home = _pinned(weight.cpu()) if device.type == "cuda" else weight.cpu()

    @property
    def numbers(self) -> Tensor:
        """In the machine's memory."""
        return self._home

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """What moves a module moves the stand-in as one byte: else it would become a whole weight."""

        def moved(each: Tensor) -> Tensor:
            return fn(each[:1, :1]).expand(each.shape) if each is self.weight else fn(each)

        return super()._apply(moved, recurse)  # type: ignore[no-untyped-call, no-any-return]


def _pinned(numbers: Tensor) -> Tensor:
    """Where the card fetches them at full speed; as they are if the system has no such memory left."""
    try:
        return numbers.pin_memory()
    except RuntimeError:
        return numbers
