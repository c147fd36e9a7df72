"""BLIP (arXiv 2201.12086): one short sentence for a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.Image import Image, Resampling

from studio.caption.captioners._base import Captioner, OpenedCaptioner
from studio.caption.captioners._hub import from_hub
from studio.errors import ModelError

if TYPE_CHECKING:
    import torch

    from studio.jobs.context import Context

LONGEST = 48  # tokens
BEAMS = 3


class OpenedBlip(OpenedCaptioner):
    """A BLIP of any size, opened from a folder as `save_pretrained` leaves it."""

    def __init__(self, folder: Path, device: torch.device, *, unwanted: frozenset[str] = frozenset()) -> None:
        from safetensors import SafetensorError
        from transformers import BlipForConditionalGeneration, BlipProcessor

        from studio.models.opening import best_precision, precision

        self.device, self.unwanted = device, unwanted
        self.dtype = precision(best_precision(device))
        try:
            self.processor = BlipProcessor.from_pretrained(folder)
            model = BlipForConditionalGeneration.from_pretrained(
                folder, dtype=self.dtype, use_safetensors=True
            )
        except (OSError, ValueError, KeyError, SafetensorError) as fault:
            raise ModelError(
                f"The captioner in {folder} cannot be opened",
                why="Its files are damaged or incomplete",
                remedy="Remove that folder and get it again.",
            ) from fault
        self.model = model.to(device).eval()
        self.side = int(model.config.vision_config.image_size)
        self.longest = min(LONGEST, int(model.config.text_config.max_position_embeddings) - 1)

    def caption(self, images: list[Image]) -> list[str]:
        """One sentence for each image, by beam search, so the same each time."""
        import torch

        square = [image.resize((self.side, self.side), Resampling.BICUBIC) for image in images]
        pixels = self.processor(images=square, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            tokens = self.model.generate(
                pixel_values=pixels.to(self.device, self.dtype),
                max_new_tokens=self.longest,
                num_beams=BEAMS,
                do_sample=False,
            )
        said = self.processor.batch_decode(tokens, skip_special_tokens=True)
        return [" ".join(word for word in text.split() if word not in self.unwanted) for text in said]


@dataclass(frozen=True)
class HubBlip(Captioner):
    """A BLIP from the model hub."""

    name: str
    title: str
    about: str
    hub_id: str
    download_bytes: int
    order: int
    revision: str = "main"
    licence: str = "BSD-3-Clause"
    unwanted: frozenset[str] = frozenset()
    """Words that the model makes up."""

    def open(self, device: torch.device, context: Context) -> OpenedBlip:
        """Open it, after its download the first time; raises `ModelError`, `Offline`."""
        folder = from_hub(self.hub_id, self.revision, context)
        return OpenedBlip(folder, device, unwanted=self.unwanted)
