"""What a network is to the rest of the studio: small trainable weights put into a frozen model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Protocol

from studio.adapters.factors import Delta
from studio.adapters.naming import DENOISER
from studio.networks._targets import Shape, chosen_layers

if TYPE_CHECKING:
    from torch import Tensor, nn

    from studio.families._base import Family, Model
    from studio.models.layout import Layout


class NetworkSettings(Protocol):
    """What a network needs to know; the settings of a training have it."""

    @property
    def rank(self) -> int: ...
    @property
    def alpha(self) -> float: ...
    @property
    def dropout(self) -> float: ...
    @property
    def blocks(self) -> str: ...
    @property
    def initialization(self) -> str: ...
    @property
    def rank_stabilised(self) -> bool: ...
    @property
    def text_learning_rate(self) -> float: ...


class Attached(ABC):
    """A network that is part of a model now: `weights` are trained, in float32, `fixed` only belong to it.

    `text_weights` are those of `weights` that lie in text encoders; `notes` what the person should know.
    """

    weights: Mapping[str, nn.Parameter]
    text_weights: Mapping[str, nn.Parameter]
    fixed: Mapping[str, Tensor]
    notes: tuple[str, ...] = ()

    @abstractmethod
    def factors(self) -> dict[str, Delta]:
        """What was learned of each layer against the untouched base, by module path in the denoiser."""

    @abstractmethod
    def text_factors(self) -> dict[str, dict[str, Delta]]:
        """The same of each text encoder, by its name."""

    @abstractmethod
    def off(self) -> AbstractContextManager[None]:
        """While it lasts, the model is the untouched base, bit for bit."""

    def observe(self, run: Callable[[int], object]) -> None:  # noqa: B027 (most do not look)
        """Look at what the layers are given before a fresh training begins, where the network wants to.

        `run(number)` passes the training batch of that number through the model.
        """

    def state(self) -> dict[str, Tensor]:
        """A copy of all that belongs to it, by name."""
        return {name: each.detach().cpu().clone() for name, each in {**self.weights, **self.fixed}.items()}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Take over an earlier `state()`, exactly."""
        for name, each in {**self.weights, **self.fixed}.items():
            each.data.copy_(state[name])


@dataclass(frozen=True)
class Description:
    """What a network would be on a base: numbers trained, of how many, and the size of its file in bytes."""

    trained: int
    whole: int
    size_bytes: int
    layers: int

    def sentence(self) -> str:
        """In words, for the form."""
        share = 100 * self.trained / self.whole
        return (
            f"{_counted(self.trained)} of {_counted(self.whole)} numbers are trained ({share:.2g} %), in "
            f"{self.layers} layers; the file will have about {_megabytes(self.size_bytes)}."
        )


def _counted(number: int) -> str:
    return f"{number / 1e6:.3g} million" if number >= 1e6 else f"{number:,}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.3g} MB" if size >= 1e5 else f"{size / 1e3:.3g} kB"


class Network(ABC):
    """One kind of network; a module in this package has an instance as its `ENTRY`.

    Importing it imports neither torch nor peft. `wide` networks train every linear layer and
    convolution of the family's blocks, the others the layers of attention.
    """

    name: str
    title: str
    about: str
    order: int = 100
    wide: bool = False
    tensors: int = 3
    """How many of them a layer has in the file, alpha among them."""

    @abstractmethod
    def attach(self, model: Model, settings: NetworkSettings) -> Attached:
        """Put fresh weights, drawn from torch's global generator, into the model; it acts as before.

        Into the denoiser always, into the text encoders if they have a learning rate. Raises
        `SettingsError` naming the field that does not suit the model or the network.
        """

    @abstractmethod
    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """How many numbers a layer with a weight of this shape has in training, and how many in the file."""

    def describe(self, layout: Layout, family: Family, settings: NetworkSettings) -> Description:
        """What it would be on a base of this layout, without opening that; raises as `attach` does."""
        layers = family.layers(layout)
        parts = [DENOISER, *(family.text_prefixes if settings.text_learning_rate else ())]
        blocks, wide = settings.blocks, self.wide
        chosen = {
            part: chosen_layers(family, part, layers.get(part, {}), blocks=blocks, wide=wide)
            for part in parts
        }
        shapes = [layers[part][path] for part, paths in chosen.items() for path in paths]
        sizes = [self.sizes(shape, settings) for shape in shapes]
        padding = self.padding(layers.get(DENOISER, {}), frozenset(chosen[DENOISER]), settings)
        return Description(
            trained=sum(trained for trained, _ in sizes),
            whole=sum(prod(shape) for part in parts for shape in layers.get(part, {}).values()),
            size_bytes=sum(2 * stored + self.tensors * OVERHEAD for _, stored in sizes) + 2 * padding,
            layers=len(shapes),
        )

    def padding(self, layers: Mapping[str, Shape], chosen: frozenset[str], settings: NetworkSettings) -> int:
        """How many zeros the file has besides, where it joins some of the chosen of the denoiser's layers."""
        return 0


OVERHEAD = 150
"""Bytes that a tensor takes in a file beside its numbers: its name and place."""
