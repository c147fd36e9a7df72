"""The miniature's sibling in the shape of FLUX.1; its folder lies in the miniature's and borrows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from studio.families._base import Family
from studio.families.flux import FULL_SIZE, Flux1, words_wide
from studio.families.pocket_xl import PocketXL
from studio.models.layout import Layout
from studio.models.source import Source


class PocketFlux(Flux1):
    """Modules of the same classes, a fraction of their size, at 128 px."""

    name = "pocket-flux"
    title = "Miniature FLUX"
    about = PocketXL.about
    architecture = "lora-studio-pocket-flux"
    base_version = "pocket_flux"
    defaults = replace(PocketXL.defaults, guidance=2.5, target_modules=Flux1.defaults.target_modules)
    suggested: tuple[str, ...] = ()
    reads: Mapping[str, int] = {"text_encoder_2": 63}
    order = 13

    def recognises(self, layout: Layout) -> bool:
        """Words narrower than any full-size model reads."""
        return 0 < words_wide(layout) < FULL_SIZE

    def variant(self, source: Source, layout: Layout) -> Family:
        """There is one only."""
        return self


ENTRY = PocketFlux()
