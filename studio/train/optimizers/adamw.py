"""AdamW in full precision (Loshchilov and Hutter, arXiv 1711.05101)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights

if TYPE_CHECKING:
    import torch


class AdamW(Optimizer):
    """torch's own."""

    name = "adamw"
    title = "AdamW"
    about = "Adam in full precision: four times the memory of the 8-bit one, hardly better."
    order = 30
    lighter = "adamw8bit"

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.999."""
        import torch

        given: Any = weights
        return torch.optim.AdamW(given, lr=settings.learning_rate, weight_decay=settings.weight_decay)


ENTRY = AdamW()
