"""LoCon: LoRA on attention, feed-forward layers and convolutions alike (Yeh et al., arXiv 2309.14859)."""

from __future__ import annotations

from studio.networks.lora import Lora


class LoCon(Lora):
    """LoRA in every linear layer and convolution of the blocks."""

    name = "locon"
    title = "LoRA on all layers (LoCon)"
    about = "LoRA in feed-forward layers and convolutions too: holds more of a style, in a much larger file."
    order = 20
    wide = True


ENTRY = LoCon()
