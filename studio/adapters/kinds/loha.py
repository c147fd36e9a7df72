"""LoHa: the element-wise product of two low-rank matrices (Hyeon-Woo et al., FedPara, arXiv 2108.06098)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.adapters.kinds._base import Delta, Kind, Measure, Shape, as_float, demand, take_rows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Hada(Delta):
    """ΔW = (w1_a · w1_b) ⊙ (w2_a · w2_b) · alpha / rank, in LyCORIS' names.

    `w1_a`, `w2_a` are (out, rank) and `w1_b`, `w2_b` (rank, in · height · width). In Tucker form, with
    the kernels `t1`, `t2` (rank, rank, height, width), they are (rank, out) and (rank, in).
    """

    w1_a: Tensor
    w1_b: Tensor
    w2_a: Tensor
    w2_b: Tensor
    alpha: float
    t1: Tensor | None = None
    t2: Tensor | None = None

    @property
    def rank(self) -> int:
        """The inner dimension of each of the two."""
        return int(self.w1_b.shape[0])

    @property
    def scale(self) -> float:
        """What the product is multiplied by."""
        return self.alpha / self.rank

    def delta(self, weight: Tensor) -> Tensor:
        """ΔW in float32, in the weight's shape and on its device."""
        first = product(self.w1_a, self.w1_b, self.t1, weight)
        second = product(self.w2_a, self.w2_b, self.t2, weight)
        return first.mul_(second).mul_(self.scale).reshape(weight.shape)

    def tensors(self) -> dict[str, Tensor]:
        """LyCORIS' names."""
        import torch

        told = {
            "hada_w1_a": self.w1_a,
            "hada_w1_b": self.w1_b,
            "hada_w2_a": self.w2_a,
            "hada_w2_b": self.w2_b,
            "hada_t1": self.t1,
            "hada_t2": self.t2,
        }
        there = {name: tensor for name, tensor in told.items() if tensor is not None}
        return there | {"alpha": torch.tensor(float(self.alpha))}

    def rows(self, parts: tuple[slice, ...], whole: Shape) -> Delta:
        """Rows of ΔW are rows of both left matrices."""
        if self.t1 is not None:
            return super().rows(parts, whole)
        return replace(self, w1_a=take_rows(self.w1_a, parts), w2_a=take_rows(self.w2_a, parts))


def product(left: Tensor, right: Tensor, kernel: Tensor | None, like: Tensor) -> Tensor:
    """left · right in float32, or the Tucker product Σᵢⱼ left[i, out] · kernel[i, j, …] · right[j, in]."""
    import torch

    left, right = as_float(left, like), as_float(right, like)
    if kernel is None:
        return left @ right
    return torch.einsum("ij...,ip,jr->pr...", as_float(kernel, like), left, right)


def measure_product(left: Shape, right: Shape, kernel: Shape | None) -> Measure:
    """The shape and rank of such a product; raises `ValueError` where the factors do not agree."""
    demand(len(left) == len(right) == 2 and 0 not in (*left, *right))
    if kernel is None:
        demand(left[1] == right[0])
        return Measure((left[0], right[1]), right[0])
    demand(len(kernel) == 4 and kernel[:2] == (left[0], right[0]) and 0 not in kernel)
    return Measure((left[1], right[1], *kernel[2:]), right[0])


class Loha(Kind):
    """LyCORIS' names, which peft shares."""

    name = "loha"
    title = "LoHa"
    order = 20
    ends: Mapping[str, str] = {f".hada_{role}": role for role in ("w1_a", "w1_b", "w2_a", "w2_b", "t1", "t2")}

    def measure(self, shapes: Mapping[str, Shape]) -> Measure:
        """Both products must be of one shape."""
        demand({"w1_a", "w1_b", "w2_a", "w2_b"} <= shapes.keys())
        first = measure_product(shapes["w1_a"], shapes["w1_b"], shapes.get("t1"))
        second = measure_product(shapes["w2_a"], shapes["w2_b"], shapes.get("t2"))
        demand(first == second)
        return first

    def build(self, tensors: Mapping[str, Tensor], alpha: float) -> Hada:
        """The four matrices, with their kernels in Tucker form."""
        return Hada(alpha=alpha, **tensors)


ENTRY = Loha()
