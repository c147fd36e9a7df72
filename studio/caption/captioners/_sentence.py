"""Models that say one sentence of a picture without being asked: BLIP, BLIP-2, GIT."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL.Image import Image, Resampling

from studio.caption.captioners._base import Captioner, OpenedModel, Speed
from studio.caption.captioners._hub import from_hub
from studio.caption.captioners._opening import open_class, opening

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

LONGEST = 48  # tokens
BEAMS = 3
REPEATED = 7  # tokens that come no second time: a small model may run in circles


class OpenedSentence(OpenedModel):
    """One of these models, opened from a folder as `save_pretrained` leaves it.

    `kind` is its transformers class; `unwanted` are words that the model makes up.
    """

    def __init__(
        self, folder: Path, device: torch.device, kind: str, *, unwanted: frozenset[str] = frozenset()
    ) -> None:
        from transformers import AutoProcessor

        self.device, self.unwanted = device, unwanted
        with opening(folder):
            self.model = open_class(kind, folder, device)
            self.processor = AutoProcessor.from_pretrained(folder)
        config = self.model.config
        self.side = int(config.vision_config.image_size)
        words = config.text_config if config.model_type != "git" else config
        self.longest = min(LONGEST, int(words.max_position_embeddings) - 1)

    def caption(self, images: list[Image], settings: CaptionSettings) -> list[str]:
        """One sentence for each image, by beam search, so the same each time."""
        import torch

        square = [image.resize((self.side, self.side), Resampling.BICUBIC) for image in images]
        pixels = self.processor.image_processor(images=square, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            tokens = self.model.generate(
                pixel_values=pixels.to(self.device, self.model.dtype),
                max_new_tokens=self.longest,
                num_beams=BEAMS,
                do_sample=False,
                no_repeat_ngram_size=REPEATED,
            )
        said = self.processor.batch_decode(tokens, skip_special_tokens=True)
        return [" ".join(word for word in text.split() if word not in self.unwanted) for text in said]


@dataclass(frozen=True)
class HubSentence(Captioner):
    """One of these models on the hub."""

    name: str
    title: str
    about: str
    licence: str
    hub_id: str
    kind: str
    download_bytes: int
    memory_bytes: int
    order: int
    speed: Speed = "quick"
    revision: str = "main"
    unwanted: frozenset[str] = frozenset()

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedSentence:
        """Open it, after its download the first time; raises `ModelError`, `Offline`."""
        folder = from_hub(self.hub_id, self.revision, context)
        return OpenedSentence(folder, device, self.kind, unwanted=self.unwanted)
