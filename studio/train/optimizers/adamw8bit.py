"""AdamW whose memory takes a byte a value (Dettmers et al., arXiv 2110.02861)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.train.optimizers import adamw
from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights, first_weight
from studio.train.optimizers._bits import by_group

if TYPE_CHECKING:
    import torch


class AdamW8bit(Optimizer):
    """bitsandbytes' block-wise one, on a card and on the processor alike.

    Tensors of fewer than 4,096 values keep 32 bits, where there is nothing to save; so does
    everything on Apple's cards, for which bitsandbytes has no optimizer.
    """

    name = "adamw8bit"
    title = "AdamW 8-bit"
    about = "Adam that remembers in a quarter of the space. The usual choice."
    order = 10
    one_by_one = True

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.999."""
        if first_weight(weights).device.type == "mps":
            return adamw.ENTRY.build(weights, settings)
        from bitsandbytes.optim import AdamW8bit

        built: torch.optim.Optimizer = by_group(AdamW8bit)(
            weights, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        return built


ENTRY = AdamW8bit()
