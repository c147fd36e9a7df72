"""What an optimizer is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import nn

Weights = Sequence["nn.Parameter"] | Sequence[Mapping[str, Any]]
"""Weights, or groups of them as torch has them: {"params": [...], "lr": a learning rate of their own}."""


class OptimizerSettings(Protocol):
    """What an optimizer needs to know; the settings of a training have it."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


class Optimizer(ABC):
    """A module in this package has an instance as its `ENTRY`; importing it imports no torch."""

    name: str
    title: str
    about: str
    """One sentence for the artist, with what the learning rate means here where it is unusual."""
    order: int = 100
    usual_rate: float = 1e-4
    """A learning rate to begin with, for a LoRA of a full-size model."""
    schedules_itself: bool = False
    """Whether it brings a schedule of its own, so that the learning rate stays level after the warm-up."""
    one_by_one: bool = False
    """Whether it corrects each tensor by itself, which takes long for many small ones: they come packed."""
    lighter: str = ""
    """The name of the optimizer that does the same with its state in 8 bits."""

    @abstractmethod
    def build(self, weights: Weights, settings: OptimizerSettings) -> torch.optim.Optimizer:
        """An optimizer of these weights; the schedule changes its learning rate step by step."""

    def settled(self, optimizer: torch.optim.Optimizer) -> AbstractContextManager[None]:
        """While it lasts, the weights are those to sample with and to save; then they train on exactly."""
        return _as_they_are()


@contextmanager
def _as_they_are() -> Iterator[None]:
    yield


def first_weight(weights: Weights) -> nn.Parameter:
    """Any one of the weights; all are on the same device."""
    first = weights[0]
    return first["params"][0] if isinstance(first, Mapping) else first
