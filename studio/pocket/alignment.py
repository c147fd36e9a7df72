"""Showing the UNet where to look: an early lesson for the cross-attention of the 8 x 8 level.

The text states of patch k lie at token 13 + k. Left alone, the UNet needs long to find that out.
During the lesson two heads of every such layer in the second half are told; nothing stays in the model.
"""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from diffusers.models.attention_processor import Attention, AttnProcessor2_0
from torch import Tensor
from torch.nn import functional

from studio.pocket.text import PATCHES
from studio.pocket.tokens import LENGTH

LAYERS, HEADS = "up_blocks.1", 2
TARGETS = torch.arange(PATCHES) + LENGTH - PATCHES


class Lesson:
    """An attention processor that also measures how far its first heads look elsewhere than they should."""

    def __init__(self) -> None:
        self.missed = torch.zeros(())

    def __call__(
        self, attention: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, **_: object
    ) -> Tensor:
        """Ordinary cross-attention over (pictures, 64, width) states; keeps the mean cross-entropy."""
        query, key, value = (
            part.unflatten(-1, (attention.heads, -1)).transpose(1, 2)
            for part in (
                attention.to_q(hidden_states),
                attention.to_k(encoder_hidden_states),
                attention.to_v(encoder_hidden_states),
            )
        )
        logits = (query @ key.mT).float() * attention.scale
        looked = logits[:, :HEADS].flatten(0, 1)
        self.missed = functional.cross_entropy(looked.mT, TARGETS.expand(len(looked), -1))
        mixed = logits.softmax(-1).to(value.dtype) @ value
        found: Tensor = attention.to_out[0](mixed.transpose(1, 2).flatten(2))
        return found


def begin(unet: UNet2DConditionModel) -> list[Lesson]:
    """Put a lesson into every cross-attention of the level; returns them."""
    lessons = []
    for name, part in unet.named_modules():
        if name.startswith(LAYERS) and name.endswith("attn2"):
            lessons.append(Lesson())
            part.set_processor(lessons[-1])
    return lessons


def end(unet: UNet2DConditionModel) -> None:
    """Back to the ordinary attention."""
    unet.set_attn_processor(AttnProcessor2_0())
