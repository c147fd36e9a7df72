"""Full differences: ΔW as it is, of weights, norms and biases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.adapters.kinds._base import Delta, Kind, Measure, Shape, as_float, demand, take_rows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Difference(Delta):
    """ΔW itself, in the weight's shape or one of as many numbers."""

    diff: Tensor

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        import torch

        return self.diff.to(weight.device, torch.float32, copy=True).reshape(weight.shape)

    def tensors(self) -> dict[str, Tensor]:
        """LyCORIS' name."""
        return {"diff": self.diff}

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Difference:
        """Rows of the difference."""
        return replace(self, diff=take_rows(self.diff, parts))

    def norm(self, weight: Tensor) -> float:
        """‖ΔW‖."""
        return float(as_float(self.diff, weight).norm())


class Full(Kind):
    """LyCORIS' names of the difference of a weight and of a norm's weight."""

    name = "full"
    title = "full differences"
    order = 50
    ends: Mapping[str, str] = {".diff": "diff", ".w_norm": "diff"}

    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """Its own shape."""
        demand("diff" in shapes and len(shapes["diff"]) > 0 and 0 not in shapes["diff"])
        return Measure(shapes["diff"], 0)

    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Difference:
        """Without alpha."""
        return Difference(tensors["diff"])


ENTRY = Full()
