"""Decomposition: from a change to two small matrices, and from many small matrices to fewer."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

from studio.adapters.factors import Factors

if TYPE_CHECKING:
    from torch import Tensor


class Shortened(NamedTuple):
    """Factors of a chosen rank, and the part of ‖ΔW‖² that they keep."""

    factors: Factors
    energy: float


def nearest_factors(change: Tensor, *, rank: int) -> Factors:
    """The nearest ΔW of this rank, by singular values (Eckart and Young, 1936)."""
    return shortened_dense(change, rank=rank).factors


def shortened_dense(change: Tensor, *, rank: int = 0, energy: float = 1.0) -> Shortened:
    """A dense ΔW, cut to `rank` singular values, or to the fewest that keep the part `energy`."""
    import torch

    left, values, right = torch.linalg.svd(change.float().flatten(1), full_matrices=False)
    return _cut((left, values, right), tuple(change.shape), rank, energy)


def shortened_product(
    up: Tensor, down: Tensor, shape: tuple[int, ...], *, rank: int = 0, energy: float = 1.0
) -> Shortened:
    """up · down, cut likewise, without forming it: QR of both, then an SVD of inner size.

    Source: Golub and Van Loan, Matrix Computations, 4th edition, section 5.4.
    """
    import torch

    tall, inner = torch.linalg.qr(up.float())
    wide, other = torch.linalg.qr(down.float().flatten(1).T)
    left, values, right = torch.linalg.svd(inner @ other.T, full_matrices=False)
    return _cut((tall @ left, values, right @ wide.T), shape, rank, energy)


def _cut(svd: tuple[Tensor, Tensor, Tensor], shape: tuple[int, ...], rank: int, energy: float) -> Shortened:
    """Keep the first singular values, each half of their root in either matrix; alpha is the rank."""
    left, values, right = svd
    squares = values.double().square()
    total = float(squares.sum())
    if not rank:
        kept = squares.cumsum(0) >= energy * total
        rank = int(kept.int().argmax()) + 1 if bool(kept.any()) else len(values)
    rank = max(1, min(rank, len(values)))
    root = values[:rank].sqrt()
    up = (left[:, :rank] * root).reshape(shape[0], rank, *(1 for _ in shape[2:]))
    down = (root[:, None] * right[:rank]).reshape(rank, *shape[1:])
    part = float(squares[:rank].sum()) / total if total else 1.0
    return Shortened(Factors(down.contiguous(), up.contiguous(), float(rank)), part)


def relative_error(energy: float) -> float:
    """‖ΔW − nearest‖ / ‖ΔW‖ of the part of ‖ΔW‖² that is kept."""
    return sqrt(max(0.0, 1 - energy))
