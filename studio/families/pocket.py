"""The miniature: Stable Diffusion 1 in small, which comes with the studio."""

from __future__ import annotations

from studio.families._base import Defaults
from studio.families.sd1 import StableDiffusion1, latent_channels, prompt_width
from studio.families.sdxl import told_of_sizes
from studio.models.layout import Layout


class Pocket(StableDiffusion1):
    """Modules of the same classes, a fraction of their size, at 128 px; it predicts v."""

    name = "pocket"
    title = "Miniature"
    architecture = "lora-studio-pocket"
    base_version = "pocket"
    defaults = Defaults(
        resolution=128,
        steps=20,
        guidance=3.0,
        sampler="auto",
        subject_prompt="a picture of {subject}",
        style_prompt="a picture in {subject} style",
    )
    suggested: tuple[str, ...] = ()
    order = 10

    def recognises(self, layout: Layout) -> bool:
        """Text less than 768 wide, the narrowest that a full-size Stable Diffusion reads."""
        narrow = 0 < prompt_width(layout) < 768
        return narrow and latent_channels(layout) == 4 and not told_of_sizes(layout)


ENTRY = Pocket()
