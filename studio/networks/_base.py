"""What a network is to the rest of the studio: small trainable weights put into a frozen model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from studio.adapters.factors import Factors

if TYPE_CHECKING:
    from torch import Tensor, nn

    from studio.families._base import Model


class NetworkSettings(Protocol):
    """What a network needs to know; the settings of a training have it."""

    @property
    def rank(self) -> int: ...
    @property
    def alpha(self) -> float: ...


class Attached(ABC):
    """A network that is part of a model's denoiser now, with its trainable weights in float32."""

    def __init__(self, weights: Mapping[str, nn.Parameter]) -> None:
        self.weights = weights

    @abstractmethod
    def factors(self) -> dict[str, Factors]:
        """What was learned of each layer, by module path in the denoiser, in float32."""

    def state(self) -> dict[str, Tensor]:
        """A copy of the weights, by name."""
        return {name: weight.detach().cpu().clone() for name, weight in self.weights.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of an earlier `state()`, exactly."""
        for name, weight in self.weights.items():
            weight.data.copy_(state[name])


class Network(ABC):
    """One kind of network; a module in this package has an instance as its `ENTRY`.

    Importing it imports neither torch nor peft.
    """

    name: str
    title: str
    about: str

    @abstractmethod
    def attach(self, model: Model, settings: NetworkSettings) -> Attached:
        """Put fresh weights, drawn from torch's global generator, into the denoiser; it acts as before."""
