"""What a storage of weights is to the rest of the studio."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn


class Storage(ABC):
    """A way to keep linear layers that nobody trains; a module here has an instance as its `ENTRY`.

    A packed layer computes in the precision that its weight had, and its input has a gradient.
    """

    name: str
    title: str
    about: str
    bits: float
    """Bits that a weight takes, all that belongs to it counted; 0 is as many as the precision has."""
    away: bool = False
    """Whether the weights lie in the machine's memory, and only the layer at work is on the card."""
    devices: tuple[str, ...] = ("cuda", "cpu")
    """torch's names of the devices that it works on."""
    order: int = 100

    @property
    def packs(self) -> bool:
        """Whether weights change at all."""
        return self.bits > 0

    def bytes_of(self, parameters: int, *, precision: int = 2) -> int:
        """The card's memory that so many weights take; `precision` is the bytes of one that is not packed."""
        if self.away:
            return 0
        return -int(-parameters * self.bits // 8) if self.packs else parameters * precision

    def prepare(self, module: nn.Module, device: torch.device) -> None:
        """Put packed layers in place of those that a storage takes, on the device, one after the other.

        Raises `ModelError` for a device on which it does not work.
        """
        if not self.packs:
            return
        if device.type not in self.devices:
            raise ModelError(
                f"A base model cannot be stored as {self.title} on this machine",
                why="It needs a card of NVIDIA or AMD, or the processor",
                remedy="Choose another way to store the base.",
            )
        for path, layer in list(stored_layers(module)):
            module.set_submodule(path, self.pack(layer, device))

    @abstractmethod
    def pack(self, layer: nn.Linear, device: torch.device) -> nn.Module:
        """The packed layer, a `nn.Linear` too; its `weight` has numbers of one byte."""


def stored_layers(module: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """The layers that a storage takes, by path: the linear ones in numbered blocks.

    First and last layers, embeddings, norms and convolutions are few, or suffer; they stay.
    """
    from torch import nn

    for path, layer in module.named_modules():
        if type(layer) is nn.Linear and re.search(r"\.\d+\.", path):
            yield path, layer


def is_packed(weight: Any) -> bool:
    """Whether nothing can be added to a weight, because its numbers have one byte."""
    size: int = weight.dtype.itemsize
    return size == 1
