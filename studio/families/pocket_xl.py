"""The miniature's sibling in the shape of SDXL; its folder lies in the miniature's and borrows from it."""

from __future__ import annotations

from studio.families._base import Defaults
from studio.families.sd1 import latent_channels, prompt_width
from studio.families.sdxl import StableDiffusionXLFamily, told_of_sizes
from studio.models.layout import Layout


class PocketXL(StableDiffusionXLFamily):
    """Modules of the same classes, a fraction of their size, at 128 px."""

    name = "pocket-xl"
    title = "Miniature XL"
    about = "Small and rough: to try LoRAs of this shape without a card."
    architecture = "lora-studio-pocket-xl"
    base_version = "pocket_xl"
    defaults = Defaults(
        resolution=128,
        steps=20,
        guidance=4.0,
        sampler="auto",
        subject_prompt="a picture of {subject}",
        style_prompt="a picture in {subject} style",
    )
    suggested: tuple[str, ...] = ()
    order = 11

    def recognises(self, layout: Layout) -> bool:
        """Text narrower than any full-size model reads, and told of sizes."""
        narrow = 0 < prompt_width(layout) < 768
        return narrow and told_of_sizes(layout) and latent_channels(layout) == 4


ENTRY = PocketXL()
