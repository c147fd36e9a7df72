"""Prodigy, which finds its learning rate itself (Mishchenko and Defazio, arXiv 2306.06101)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights

if TYPE_CHECKING:
    import torch


class Prodigy(Optimizer):
    """The authors' own.

    It estimates one distance for all weights together, so groups cannot have learning rates of
    their own: the first group's is everybody's.
    """

    name = "prodigy"
    title = "Prodigy"
    about = "Finds the learning rate itself: set it to 1.0. It is the same for text encoders too."
    order = 60
    usual_rate = 1.0

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """Betas 0.9 and 0.99 with bias correction, and a first guess of 1e-5.

        The authors' 0.999 and 1e-6, and their guard of the warm-up, suit trainings of many thousand
        steps; with them the estimate has hardly doubled when a LoRA of a few hundred steps is half done.
        """
        from prodigyopt import Prodigy

        built: torch.optim.Optimizer = Prodigy(
            [_without_rate(each) for each in weights],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            betas=(0.9, 0.99),
            use_bias_correction=True,
            d0=1e-5,
        )
        return built


def _without_rate(given: Any) -> Any:
    return (
        {name: value for name, value in given.items() if name != "lr"}
        if isinstance(given, Mapping)
        else given
    )


ENTRY = Prodigy()
