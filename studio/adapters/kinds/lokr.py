"""LoKr: a Kronecker product (Yeh et al., LyCORIS, arXiv 2309.14859; Edalati et al., KronA, 2212.10650)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.adapters.kinds._base import Delta, Kind, Measure, Shape, as_float, demand
from studio.adapters.kinds.loha import measure_product, product

if TYPE_CHECKING:
    from torch import Tensor

ROLES = ("w1", "w1_a", "w1_b", "w2", "w2_a", "w2_b", "t2")


@dataclass(frozen=True, eq=False)
class Kron(Delta):
    """ΔW = w1 ⊗ w2 · alpha / rank, each of them whole or the product of two factors, in LyCORIS' names.

    `w1` is small, (out₁, in₁); `w2` is (out₂, in₂) or (out₂, in₂, height, width), and as a product
    w2_a (out₂, rank) · w2_b (rank, in₂ · height · width); with the kernel `t2` (rank, rank, height,
    width) w2_a is (rank, out₂). Where both are whole there is no rank and no scale.
    """

    alpha: float
    w1: Tensor | None = None
    w1_a: Tensor | None = None
    w1_b: Tensor | None = None
    w2: Tensor | None = None
    w2_a: Tensor | None = None
    w2_b: Tensor | None = None
    t2: Tensor | None = None

    @property
    def rank(self) -> int:
        """The inner dimension of the factors; 0 where both matrices are whole."""
        inner = self.w2_b if self.w2_b is not None else self.w1_b
        return 0 if inner is None else int(inner.shape[0])

    @property
    def scale(self) -> float:
        """What the product is multiplied by."""
        return self.alpha / self.rank if self.rank else 1.0

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        import torch

        small = _whole(self.w1, self.w1_a, self.w1_b, None, weight)
        large = _whole(self.w2, self.w2_a, self.w2_b, self.t2, weight)
        inside = weight.shape[1] // small.shape[1]
        large = large.reshape(large.shape[0], inside, *weight.shape[2:]).contiguous()
        small = small.reshape(*small.shape, *(1 for _ in weight.shape[2:]))
        return torch.kron(small, large).mul_(self.scale).reshape(weight.shape)

    def tensors(self) -> dict[str, Tensor]:
        """LyCORIS' names."""
        import torch

        told = {f"lokr_{role}": getattr(self, role) for role in ROLES}
        there = {name: tensor for name, tensor in told.items() if tensor is not None}
        return there | {"alpha": torch.tensor(float(self.alpha))}


def _whole(
    matrix: Tensor | None, left: Tensor | None, right: Tensor | None, kernel: Tensor | None, like: Tensor
) -> Tensor:
    if matrix is not None:
        return as_float(matrix, like)
    assert left is not None and right is not None
    return product(left, right, kernel, like)


class Lokr(Kind):
    """LyCORIS' names, which peft shares."""

    name = "lokr"
    title = "LoKr"
    order = 30
    ends: Mapping[str, str] = {f".lokr_{role}": role for role in ROLES}

    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """The shapes multiply."""
        small, rank_1 = _measure_whole(shapes, "w1")
        large, rank_2 = _measure_whole(shapes, "w2")
        demand(len(small) == 2)
        return Measure((small[0] * large[0], small[1] * large[1], *large[2:]), rank_2 or rank_1)

    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Kron:
        """Whatever of the seven matrices there is."""
        return Kron(alpha=alpha, **tensors)


def _measure_whole(shapes: Mapping[str, Shape], name: str) -> Measure:
    """`w1` or `w2`, whole or in factors, but not both."""
    factors = {f"{name}_a", f"{name}_b"} & shapes.keys()
    if name in shapes:
        shape = shapes[name]
        demand(not factors and len(shape) in (2, 4) and 0 not in shape)
        return Measure(shape, 0)
    demand(len(factors) == 2)
    kernel = shapes.get("t2") if name == "w2" else None
    return measure_product(shapes[f"{name}_a"], shapes[f"{name}_b"], kernel)


ENTRY = Lokr()
