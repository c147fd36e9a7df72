"""Florence-2 (arXiv 2311.06242): from a short sentence to a paragraph."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.Image import Image

from studio.caption.captioners._base import Captioner, OpenedModel, Speed
from studio.caption.captioners._hub import from_hub
from studio.caption.captioners._opening import open_class, opening

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

TASKS = {
    "sentence": "<CAPTION>",
    "detailed": "<DETAILED_CAPTION>",
    "paragraph": "<MORE_DETAILED_CAPTION>",
}
BEAMS = 3


class OpenedFlorence(OpenedModel):
    """A Florence-2 of any size, opened from a folder as `save_pretrained` leaves it."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        from transformers import AutoProcessor

        self.device = device
        with opening(folder):
            self.model = open_class("Florence2ForConditionalGeneration", folder, device)
            self.processor = AutoProcessor.from_pretrained(folder)
        self.side = int(self.processor.image_processor.size["height"])

    def caption(self, images: list[Image], settings: CaptionSettings) -> list[str]:
        """What the task that goes with the wished detail says of each image; the same each time."""
        import torch

        tasks = [TASKS[settings.detail]] * len(images)
        asked = self.processor(text=tasks, images=images, return_tensors="pt", padding=True)
        with torch.inference_mode():
            tokens = self.model.generate(
                **asked.to(self.device, self.model.dtype),
                max_new_tokens=settings.longest,
                num_beams=BEAMS,
                do_sample=False,
            )
        said: list[str] = self.processor.batch_decode(tokens, skip_special_tokens=True)
        return said


@dataclass(frozen=True)
class HubFlorence(Captioner):
    """A Florence-2 from the model hub."""

    name: str
    title: str
    about: str
    hub_id: str
    download_bytes: int
    memory_bytes: int
    order: int
    licence: str = "MIT"
    speed: Speed = "quick"
    reads: frozenset[str] = frozenset({"detail", "longest"})

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedFlorence:
        """Open it, after its download the first time; raises `ModelError`, `Offline`."""
        return OpenedFlorence(from_hub(self.hub_id, "main", context), device)
