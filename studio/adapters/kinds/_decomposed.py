"""DoRA: a magnitude for each row or column of the changed weight (Liu et al., arXiv 2402.09353)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from studio.adapters.kinds._base import Delta, Shape, as_float, take_rows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Dora(Delta):
    """W = magnitude · V / ‖V‖ with V = W₀ + ΔW of `core`, a LoRA, LoHa or LoKr; so ΔW depends on W₀.

    The shape of `magnitude` tells whose norm it is: (out, 1 …) or (out,) of each output, as the paper
    and peft have it, (1, in, 1 …) of each input, as LyCORIS had it first. `on_input` is set by that.
    """

    core: Delta
    magnitude: Tensor

    @property
    def on_input(self) -> bool:
        """Whether there is a magnitude for each input, instead of each output."""
        return measures_input(tuple(self.magnitude.shape))

    @property
    def rank(self) -> int:
        """That of the core."""
        return self.core.rank

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        import torch

        original = weight.float()
        changed = self.core.delta(weight).add_(original)
        kept = 1 if self.on_input else 0
        others = tuple(axis for axis in range(weight.ndim) if axis != kept)
        norm = torch.linalg.vector_norm(changed, dim=others, keepdim=True)
        magnitude = as_float(self.magnitude, weight).reshape(norm.shape)
        return changed.mul_(magnitude / (norm + torch.finfo(torch.float32).eps)).sub_(original)

    def tensors(self) -> dict[str, Tensor]:
        """Those of the core, and the magnitudes under LyCORIS' name."""
        told = self.magnitude
        return self.core.tensors() | {"dora_scale": told.reshape(-1, 1) if told.ndim == 1 else told}

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Dora:
        """Rows of both; raises `ValueError` where the norms are of columns, which run through all rows."""
        if self.on_input:
            raise ValueError("a column's norm is not that of its parts")
        magnitude = take_rows(self.magnitude.reshape(-1, 1), parts)
        return replace(self, core=self.core.rows(parts, whole), magnitude=magnitude)


def measures_input(shape: Shape) -> bool:
    """Whether magnitudes of this shape are those of inputs."""
    return len(shape) > 1 and shape[0] == 1 and prod(shape) > 1


def magnitude_fits(shape: Shape, weight: Shape) -> bool:
    """Whether magnitudes of this shape can be those of a weight."""
    numbers = prod(shape)
    return max(shape, default=0) == numbers == weight[1 if measures_input(shape) else 0]
