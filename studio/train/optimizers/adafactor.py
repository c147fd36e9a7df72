"""Adafactor: Adam that remembers rows and columns only (Shazeer and Stern, arXiv 1804.04235)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights

if TYPE_CHECKING:
    import torch


class Adafactor(Optimizer):
    """transformers' own, with the learning rate of the settings and none of its own.

    Its relative steps are off: they are a part of each weight's size, and a LoRA begins at zero.
    """

    name = "adafactor"
    title = "Adafactor"
    about = "Needs hardly any memory. The learning rate means what it means for AdamW."
    order = 50

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """No momentum; an update's size is clipped at 1."""
        from transformers.optimization import Adafactor

        built: torch.optim.Optimizer = Adafactor(
            weights,
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            scale_parameter=False,
            relative_step=False,
        )
        return built


ENTRY = Adafactor()
