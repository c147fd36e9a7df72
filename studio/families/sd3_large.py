"""Stable Diffusion 3.5 large: the same as medium, wider and deeper, so that adapters do not fit both."""

from __future__ import annotations

from studio.families.sd1 import CONFIGS
from studio.families.sd3 import FULL_SIZE, WIDTH_OF_LARGE, StableDiffusion3, width_of, words_wide
from studio.models.layout import Layout


class StableDiffusion35Large(StableDiffusion3):
    """A transformer of eight billion weights, 2432 wide."""

    name = "sd3-large"
    title = "Stable Diffusion 3.5 large"
    architecture = "stable-diffusion-3.5-large"
    base_version = "sd3.5-large"
    suggested: tuple[str, ...] = ("stabilityai/stable-diffusion-3.5-large",)
    order = 51
    configs = CONFIGS / "sd3-large"

    def recognises(self, layout: Layout) -> bool:
        """Words as wide as T5-XXL's, and a wide transformer."""
        return words_wide(layout) == FULL_SIZE and width_of(layout) >= WIDTH_OF_LARGE


ENTRY = StableDiffusion35Large()
