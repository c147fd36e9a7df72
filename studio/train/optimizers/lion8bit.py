"""Lion in a byte a value (Chen et al., arXiv 2302.06675)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import SettingsError
from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights, first_weight
from studio.train.optimizers._bits import by_group

if TYPE_CHECKING:
    import torch


class Lion8bit(Optimizer):
    """bitsandbytes' block-wise one: only the sign of its memory counts, so every step has one size."""

    name = "lion8bit"
    title = "Lion 8-bit"
    about = "Half of Adam's memory. Wants a learning rate three to ten times lower, such as 2e-5."
    order = 40
    one_by_one = True
    usual_rate = 2e-5

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.99; raises `SettingsError` on Apple's cards, for which there is none."""
        if first_weight(weights).device.type == "mps":
            raise SettingsError(
                "Optimizer: Lion 8-bit does not run on Apple's cards",
                remedy="Choose AdamW or Adafactor.",
                field="optimizer",
            )
        from bitsandbytes.optim import Lion8bit

        built: torch.optim.Optimizer = by_group(Lion8bit)(
            weights, lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        return built


ENTRY = Lion8bit()
