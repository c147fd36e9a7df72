"""The built-in captioner: a small BLIP that knows the things the miniature models know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.caption.captioners._base import Captioner
from studio.caption.captioners._sentence import OpenedSentence
from studio.errors import ModelError
from studio.workspace import ASSETS

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

FOLDER = ASSETS / "pocket" / "captioner"


class Pocket(Captioner):
    """Comes with the studio, so that captioning works in the first minute."""

    name = "pocket"
    title = "Miniature (built in)"
    about = "Names one or two simple things and how they are drawn. Quick on any machine, no download."
    limits = (
        "It knows only simple drawings, such as the samples, and guesses at anything else. "
        "For photographs and paintings choose Florence-2 or BLIP."
    )
    licence = "Apache-2.0"
    memory_bytes = 100_000_000
    order = 0

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedSentence:
        """Open the weights that came with the studio."""
        if not (FOLDER / "model.safetensors").exists():
            raise ModelError(
                "The built-in captioner is missing",
                why=f"There are no weights in {FOLDER}",
                remedy="Get the studio's files again, or choose another captioner.",
            )
        return OpenedSentence(FOLDER, device, "BlipForConditionalGeneration")


ENTRY = Pocket()
