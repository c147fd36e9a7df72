"""The miniature's sibling in the shape of SD3; its folder lies in the miniature's and borrows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from studio.families.pocket_xl import PocketXL
from studio.families.sd3 import FULL_SIZE, StableDiffusion3, words_wide
from studio.models.layout import Layout


class PocketSD3(StableDiffusion3):
    """Modules of the same classes, a fraction of their size, at 128 px."""

    name = "pocket-sd3"
    title = "Miniature SD3"
    about = PocketXL.about
    architecture = "lora-studio-pocket-sd3"
    base_version = "pocket_sd3"
    defaults = replace(PocketXL.defaults, target_modules=StableDiffusion3.defaults.target_modules)
    suggested: tuple[str, ...] = ()
    reads: Mapping[str, int] = {"text_encoder_3": 31}
    order = 12

    def recognises(self, layout: Layout) -> bool:
        """Words narrower than any full-size model reads."""
        return 0 < words_wide(layout) < FULL_SIZE


ENTRY = PocketSD3()
