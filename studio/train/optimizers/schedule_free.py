"""AdamW that needs no schedule (Defazio et al., arXiv 2405.15682)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from studio.train.optimizers._base import Optimizer, OptimizerSettings, Weights

if TYPE_CHECKING:
    import torch


class ScheduleFreeAdamW(Optimizer):
    """The authors' own. It trains one set of weights; what is sampled and saved is an average of them."""

    name = "schedule-free"
    title = "AdamW, schedule-free"
    about = "Averages instead of lowering the learning rate, which may be two to five times AdamW's."
    order = 70
    usual_rate = 3e-4
    schedules_itself = True

    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """In training mode; the warm-up comes from outside."""
        from schedulefree import AdamWScheduleFree

        built: Any = AdamWScheduleFree(weights, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        built.train()
        trained: torch.optim.Optimizer = built
        return trained

    def settled(self, optimizer: torch.optim.Optimizer) -> AbstractContextManager[None]:
        """The average; then the trained weights come back bit by bit, which its own `train()` cannot."""
        return _averaged(optimizer)


@contextmanager
def _averaged(optimizer: Any) -> Iterator[None]:
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    trained = [weight.detach().clone() for weight in weights]
    optimizer.eval()
    try:
        yield
    finally:
        optimizer.train()
        for weight, kept in zip(weights, trained, strict=True):
            weight.data.copy_(kept)


ENTRY = ScheduleFreeAdamW()
