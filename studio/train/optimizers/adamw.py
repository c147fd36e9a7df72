"""AdamW in full precision (Loshchilov and Hutter, arXiv 1711.05101)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.train.optimizers._base import OptimizerSettings

if TYPE_CHECKING:
    import torch
    from torch import nn


class AdamW:
    """torch's own."""

    name = "adamw"
    title = "AdamW"
    about = "Adam in full precision: four times the memory of the 8-bit one, hardly better."
    order = 20

    def build(self, weights: Sequence[nn.Parameter], settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.999."""
        import torch

        return torch.optim.AdamW(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)


ENTRY = AdamW()
