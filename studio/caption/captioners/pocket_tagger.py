"""The built-in tagger: a small model in the layout of the WD taggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.caption.captioners._base import Captioner
from studio.caption.captioners._tagger import READS, OpenedTagger
from studio.caption.captioners.pocket import Pocket
from studio.workspace import ASSETS

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

FOLDER = ASSETS / "pocket" / "tagger"


class PocketTagger(Captioner):
    """Comes with the studio where its weights do."""

    name = "pocket-tagger"
    title = "Miniature tagger (built in)"
    about = "Tags for the simple things that the miniature knows. Quick on any machine, no download."
    limits = Pocket.limits
    licence = "Apache-2.0"
    memory_bytes = 100_000_000
    reads = READS - {"character_threshold", "rating", "escape"}
    order = 1

    @property
    def available(self) -> bool:
        """Whether the weights are there."""
        return (FOLDER / "model.safetensors").exists()

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedTagger:
        """Open the weights that came with the studio."""
        return OpenedTagger(FOLDER, device)


ENTRY = PocketTagger()
