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
        """Bias correction on, and its estimate guarded during the warm-up, as its authors advise."""
        from prodigyopt import Prodigy

        built: torch.optim.Optimizer = Prodigy(
            [_without_rate(each) for each in weights],
            lr=settings.learning_rate,
            weight_decay=settings.weight_decay,
            use_bias_correction=True,
            safeguard_warmup=True,
        )
        return built


def _without_rate(given: Any) -> Any:
    return (
        {name: value for name, value in given.items() if name != "lr"}
        if isinstance(given, Mapping)
        else given
    )


ENTRY = Prodigy()
