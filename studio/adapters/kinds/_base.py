"""What a kind of adapter is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

Shape = tuple[int, ...]


class Delta(ABC):
    """What an adapter changes in one layer."""

    @property
    def rank(self) -> int:
        """The inner dimension; 0 where the change has none."""
        return 0

    @abstractmethod
    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the shape of the original weight W₀ and on its device."""

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """What a file holds of it, by the names that follow the layer's key ("lora_up.weight")."""

    def add_to(self, target: Tensor, weight: Tensor, share: float) -> None:
        """Add share · ΔW to `target`, which is float32 and shaped as the original weight W₀."""
        target.add_(self.delta(weight), alpha=share)

    def norm(self, weight: Tensor) -> float:
        """‖ΔW‖, the square root of the sum of squares."""
        return float(self.delta(weight).norm())

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Delta:
        """The change of some rows of a weight of the shape `whole`, which the file keeps as one layer.

        Raises `ValueError` where those rows depend on the others.
        """
        return Rows(self, parts, whole)


class Rows(Delta):
    """Rows of a change that can only be computed whole."""

    def __init__(self, core: Delta, parts: tuple[slice, ...], whole: Shape) -> None:
        self.core, self.parts, self.whole = core, parts, whole

    @property
    def rank(self) -> int:
        """That of the whole."""
        return self.core.rank

    def delta(self, weight: Tensor) -> Tensor:
        """The rows of ΔW; the whole one must not depend on the weight."""
        change = self.core.delta(weight.new_zeros(()).expand(self.whole))
        return take_rows(change, self.parts).reshape(weight.shape)

    def tensors(self) -> dict[str, Tensor]:
        """Written as a difference, because no smaller form of the rows is known."""
        import torch

        return {"diff": take_rows(self.core.delta(torch.zeros(self.whole)), self.parts)}


class Measure(NamedTuple):
    """The shape of ΔW and the rank; a shape of two numbers may be that of a flattened convolution."""

    shape: Shape
    rank: int


class Kind(ABC):
    """One kind: how its tensors are called in files, and what they make together.

    `ends` are the ends of keys and the role of each tensor; a module in this package has an
    instance as its `ENTRY`. Importing it imports no torch.
    """

    name: str
    title: str
    ends: Mapping[str, str]
    order: int = 100

    @abstractmethod
    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """What weight these tensors change; raises `ValueError` where they do not belong together."""

    @abstractmethod
    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Delta:
        """The change, from tensors by role."""

    def fits(self, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        """Whether they change a weight of this shape; a 1×1 convolution counts as linear."""
        shape = without_1x1(self.measure(shapes).shape)
        return shape in (without_1x1(weight), (weight[0], prod(weight[1:])))


def without_1x1(shape: Shape) -> Shape:
    """The shape of a 1×1 convolution as that of the linear layer which it amounts to."""
    return shape[:2] if len(shape) > 2 and set(shape[2:]) == {1} else shape


def demand(truth: bool) -> None:
    """Raise `ValueError` unless the shapes of tensors agree."""
    if not truth:
        raise ValueError("the tensors do not belong together")


def take_rows(tensor: Tensor, parts: tuple[slice, ...]) -> Tensor:
    """Some rows of a tensor, one part after the other."""
    import torch

    return torch.cat([tensor[part] for part in parts])


def as_float(tensor: Tensor, like: Tensor) -> Tensor:
    """In float32, on the device of the weight."""
    return tensor.to(like.device).float()
