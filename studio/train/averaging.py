"""Averaging: a moving average of the weights, steadier than the last of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


class Average:
    """The exponential moving average of weights; Karras et al. (arXiv 2312.02696) say why it helps.

    At the beginning it forgets faster, (1 + n) / (10 + n), so that the first steps do not linger.
    """

    def __init__(self, weights: Mapping[str, nn.Parameter], decay: float) -> None:
        self.weights, self.decay = weights, decay
        self.means: dict[str, Tensor] = {
            name: weight.detach().clone() for name, weight in weights.items() if decay
        }
        self._frozen: frozenset[str] = frozenset()

    def update(self, done: int) -> None:
        """Take up the weights after `done` steps."""
        decay = min(self.decay, (1 + done) / (10 + done))
        for name in self.means.keys() - self._frozen:
            self.means[name].lerp_(self.weights[name].detach(), 1 - decay)

    def freeze(self, names: Iterable[str]) -> None:
        """These weights learn no more: their average stays what it is."""
        self._frozen = frozenset(names)

    @contextmanager
    def standing_in(self) -> Iterator[None]:
        """While it lasts, the weights are their average; then they are bit by bit what they were."""
        trained = {name: self.weights[name].detach().clone() for name in self.means}
        self._put(self.means)
        try:
            yield
        finally:
            self._put(trained)

    def state(self) -> dict[str, Tensor]:
        """A copy, by name."""
        return {name: mean.cpu().clone() for name, mean in self.means.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take up an earlier `state()`."""
        for name, mean in self.means.items():
            mean.copy_(state[name])

    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, value in values.items():
            self.weights[name].data.copy_(value)
