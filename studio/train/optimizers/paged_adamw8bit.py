"""AdamW in a byte a value, whose memory leaves a full card (Dettmers et al., arXiv 2305.14314)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.train.optimizers import adamw8bit
from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights, first_weight
from studio.train.optimizers._bits import by_group

if TYPE_CHECKING:
    import torch


class PagedAdamW8bit(Optimizer):
    """bitsandbytes' own, in memory that an NVIDIA card shares with the machine; elsewhere AdamW 8-bit."""

    name = "paged-adamw8bit"
    title = "AdamW 8-bit, paged"
    about = "As AdamW 8-bit, but its memory moves to the machine's when the card is full."
    order = 20
    one_by_one = True

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.999."""
        if first_weight(weights).device.type != "cuda":
            return adamw8bit.ENTRY.build(weights, settings)
        from bitsandbytes.optim import PagedAdamW8bit

        built: torch.optim.Optimizer = by_group(PagedAdamW8bit)(
            weights, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        return built


ENTRY = PagedAdamW8bit()
