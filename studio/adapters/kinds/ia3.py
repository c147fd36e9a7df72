"""(IA)³: a factor for each input or output of a layer (Liu et al., arXiv 2205.05638)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from studio.adapters.kinds._base import Delta, Kind, Measure, Shape, as_float, demand, take_rows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Ia3(Delta):
    """ΔW = W₀ · (factor − 1), along the inputs or the outputs.

    `scale` is factor − 1, one number for each, as LyCORIS keeps it.
    """

    scale: Tensor
    on_input: bool

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        along = [1] * weight.ndim
        along[1 if self.on_input else 0] = -1
        return weight.float() * as_float(self.scale, weight).reshape(along)

    def tensors(self) -> dict[str, Tensor]:
        """LyCORIS' names."""
        import torch

        return {"weight": self.scale.flatten(), "on_input": torch.tensor(int(self.on_input))}

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Ia3:
        """Inputs are the same for all rows."""
        return self if self.on_input else replace(self, scale=take_rows(self.scale.flatten(), parts))


class IA3(Kind):
    """LyCORIS' names; `on_input` holds 0 or 1."""

    name = "ia3"
    title = "(IA)³"
    order = 40
    ends: Mapping[str, str] = {".weight": "scale", ".on_input": "on_input"}

    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """The number of factors; whether they are for inputs or outputs stands in the file's body."""
        demand({"scale", "on_input"} <= shapes.keys() and prod(shapes["on_input"]) == 1)
        return Measure((_length(shapes["scale"]),), 0)

    def fits(self, shapes: Mapping[str, Shape], weight: Shape) -> bool:
        """As many factors as inputs or as outputs."""
        return len(weight) > 1 and self.measure(shapes).shape[0] in weight[:2]

    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Ia3:
        """Without alpha."""
        return Ia3(tensors["scale"].flatten(), bool(tensors["on_input"].item()))


def _length(shape: Shape) -> int:
    demand(prod(shape) > 0 and sum(side != 1 for side in shape) <= 1)
    return prod(shape)


ENTRY = IA3()
