"""LoRA (Hu et al., arXiv 2106.09685), and LoCon, which is LoRA of convolutions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, TypeGuard

from studio.adapters.kinds._base import Delta, Kind, Measure, Shape, as_float, demand, take_rows, without_1x1

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Factors(Delta):
    """ΔW = up · down · alpha / rank, or up · mid · down in Tucker form.

    `down` is (rank, in) or (rank, in, height, width), `up` is (out, rank) or (out, rank, 1, 1). With
    `mid` (rank, rank, height, width), `down` is (rank, in, 1, 1).
    """

    down: Tensor
    up: Tensor
    alpha: float
    mid: Tensor | None = None

    @property
    def rank(self) -> int:
        """The inner dimension."""
        return int(self.down.shape[0])

    @property
    def scale(self) -> float:
        """What the product of the matrices is multiplied by."""
        return self.alpha / self.rank

    def matrices(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """(out, rank) and (rank, in · height · width) in float32, whose product is ΔW without the scale."""
        import torch

        up, down = (as_float(each, like).flatten(1) for each in (self.up, self.down))
        if self.mid is not None:
            down = torch.einsum("mn...,ni->mi...", as_float(self.mid, like), down).flatten(1)
        return up, down

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        up, down = self.matrices(weight)
        return (up @ down).mul_(self.scale).reshape(weight.shape)

    def add_to(self, target: Tensor, weight: Tensor, share: float) -> None:
        """In one pass over the weight, without a ΔW of its own in memory."""
        up, down = self.matrices(weight)
        target.view(up.shape[0], down.shape[1]).addmm_(up, down, alpha=share * self.scale)

    def norm(self, weight: Tensor) -> float:
        """‖ΔW‖ from the small Gram matrices: ‖BA‖² = Σ BᵀB ⊙ AAᵀ."""
        up, down = self.matrices(weight)
        square = float(((up.T @ up) * (down @ down.T)).sum())
        return sqrt(max(square, 0.0)) * abs(self.scale)

    def tensors(self) -> dict[str, Tensor]:
        """kohya's names."""
        import torch

        told = {"lora_down.weight": self.down, "lora_up.weight": self.up}
        if self.mid is not None:
            told["lora_mid.weight"] = self.mid
        return told | {"alpha": torch.tensor(float(self.alpha))}

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Factors:
        """Rows of ΔW are rows of `up`."""
        return replace(self, up=take_rows(self.up, parts))


def is_plain(change: Delta) -> TypeGuard[Factors]:
    """Whether a change is the product of two matrices and nothing else."""
    return type(change) is Factors and change.mid is None


class Lora(Kind):
    """Two matrices, in kohya's, peft's and diffusers' names, and a kernel between them in Tucker form."""

    name = "lora"
    title = "LoRA"
    order = 10
    ends: Mapping[str, str] = {
        ".lora_down.weight": "down",
        ".lora_up.weight": "up",
        ".lora_mid.weight": "mid",
        ".lora_A.weight": "down",
        ".lora_B.weight": "up",
        ".lora_A.default.weight": "down",
        ".lora_B.default.weight": "up",
        ".lora.down.weight": "down",
        ".lora.up.weight": "up",
        ".lora_linear_layer.down.weight": "down",
        ".lora_linear_layer.up.weight": "up",
        ".down.weight": "down",
        ".up.weight": "up",
    }

    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """(out, in) or (out, in, height, width)."""
        down, up, mid = shapes.get("down", ()), shapes.get("up", ()), shapes.get("mid")
        demand(len(down) == len(up) in (2, 4) and 0 not in (*down, *up))
        demand(len(without_1x1(up)) == 2 and up[1] == (mid or down)[0])
        if mid is None:
            return Measure((up[0], *down[1:]), down[0])
        demand(len(mid) == 4 and mid[1] == down[0] and len(without_1x1(down)) == 2 and 0 not in mid)
        return Measure((up[0], down[1], *mid[2:]), down[0])

    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Factors:
        """The two or three factors."""
        return Factors(tensors["down"], tensors["up"], alpha, tensors.get("mid"))


ENTRY = Lora()
