"""What an optimizer is to the rest of the studio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from torch import nn


class OptimizerSettings(Protocol):
    """What an optimizer needs to know; the settings of a training have it."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


class Optimizer(Protocol):
    """A module in this package has an instance as its `ENTRY`; importing it imports no torch."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def about(self) -> str: ...

    def build(self, weights: Sequence[nn.Parameter], settings: OptimizerSettings) -> torch.optim.Optimizer:
        """An optimizer of these weights; the schedule changes its learning rate step by step."""
        ...
