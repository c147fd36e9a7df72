"""What an adapter says of one layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Factors:
    """The two small matrices of a LoRA layer: ΔW = up · down · alpha / rank (arXiv 2106.09685).

    `down` is (rank, in) or (rank, in, height, width), `up` is (out, rank) or (out, rank, 1, 1).
    """

    down: Tensor
    up: Tensor
    alpha: float

    @property
    def rank(self) -> int:
        """The inner dimension."""
        return int(self.down.shape[0])

    @property
    def scale(self) -> float:
        """What the product of the matrices is multiplied by."""
        return self.alpha / self.rank

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        import torch

        up, down = (each.to(weight.device, torch.float32).flatten(1) for each in (self.up, self.down))
        return (up @ down).mul_(self.scale).reshape(weight.shape)
