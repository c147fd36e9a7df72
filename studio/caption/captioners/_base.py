"""What a captioner is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Literal

import psutil

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

Speed = Literal["quick", "moderate", "slow"]
"""On a card of 12 GB: many pictures a second, about one, or several seconds for each."""

SHARE = 0.25  # of the free memory that a model may take while it waits beside the card


class Captioner(ABC):
    """One model that puts pictures into words: what a person reads of it, and how it is opened.

    A module in this package has one instance as its `ENTRY`. Importing it imports no torch.
    """

    name: str
    title: str
    about: str
    """What it is good for, in a sentence or two."""
    limits: str = ""
    """What it must not be asked for, where that is easily missed."""
    licence: str
    download_bytes: int = 0
    """What must be downloaded the first time; 0 for what is built in or not known before."""
    memory_bytes: int = 0
    """What it takes on a card, with the default batch; 0 where it is not known before."""
    speed: Speed = "quick"
    reads: frozenset[str] = frozenset()
    """The settings that it heeds, of those that not every captioner does."""
    order: int = 100

    @property
    def available(self) -> bool:
        """Whether it can be offered on this machine."""
        return True

    @property
    def facts(self) -> str:
        """Licence, size and speed in one line."""
        size = f"{_bytes(self.download_bytes)} to download" if self.download_bytes else ""
        memory = f"about {_bytes(self.memory_bytes)} of memory" if self.memory_bytes else ""
        parts = [self.licence, ", ".join(filter(None, (size, memory))), self.speed.capitalize()]
        return " ".join(f"{part[0].upper()}{part[1:]}." for part in parts if part)

    def key(self, settings: CaptionSettings) -> Hashable:
        """What must be the same for a model that is open to serve again."""
        return self.name

    @abstractmethod
    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedCaptioner:
        """Open the model, after its download where one is needed; raises `ModelError`, `Offline`."""


class OpenedCaptioner(ABC):
    """A captioner whose model is in memory."""

    side: int
    """Pictures need not be larger than this, in pixels, on their shorter side."""
    alike: bool = False
    """Whether a batch of pictures of one shape is quicker than a mixed one."""

    @abstractmethod
    def caption(self, images: list[Image], settings: CaptionSettings) -> list[str]:
        """One caption for each RGB image, in order; the images may differ in size."""

    def rest(self) -> bool:
        """Give the card's memory back until `wake`; False if the model can only be let go."""
        return True

    def wake(self) -> OpenedCaptioner:
        """Be ready again after `rest`."""
        return self


class OpenedModel(OpenedCaptioner):
    """A captioner that is one torch module on a device."""

    model: Any
    device: torch.device
    movable: bool = True

    def rest(self) -> bool:
        """Wait in the machine's memory; large beside what is free there, or not movable, be let go."""
        if self.device.type == "cpu":
            return True
        size = sum(weight.nbytes for weight in self.model.parameters())
        if self.movable and size <= SHARE * psutil.virtual_memory().available:
            self.model.to("cpu")
            return True
        self.model = None  # at once, whoever may still hold this captioner
        return False

    def wake(self) -> OpenedCaptioner:
        """Go back to the device."""
        self.model.to(self.device)
        return self


def _bytes(count: int) -> str:
    return f"{count / 1e9:.2g} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
