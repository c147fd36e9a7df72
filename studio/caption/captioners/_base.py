"""What a captioner is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

    from studio.jobs.context import Context


class Captioner(ABC):
    """One model that puts pictures into words: what a person reads of it, and how it is opened.

    A module in this package has one instance as its `ENTRY`. Importing it imports no torch.
    """

    name: str
    title: str
    about: str
    """What it is good for, how large and how quick it is, in a sentence or two."""
    licence: str
    download_bytes: int = 0
    """What must be downloaded the first time; 0 for what is built in."""
    order: int = 100

    @abstractmethod
    def open(self, device: torch.device, context: Context) -> OpenedCaptioner:
        """Open the model, after its download where one is needed; raises `ModelError`, `Offline`."""


class OpenedCaptioner(ABC):
    """A captioner whose model is in memory."""

    side: int
    """Pictures need not be larger than this, in pixels, on their shorter side."""

    @abstractmethod
    def caption(self, images: list[Image]) -> list[str]:
        """One caption for each RGB image, in order; the images may differ in size."""
