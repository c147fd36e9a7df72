"""Merging: one adapter out of several, exactly, or by rules that keep them from cancelling out.

The rules (TIES, DARE) are laid on ΔW, never on the factors apart: the sum of products is not the
product of sums.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.adapters.decomposition import Shortened, shortened_dense, shortened_product
from studio.adapters.factors import Delta, Difference, Factors, is_plain
from studio.adapters.workbench.loose import Loose, Progress, demand_free_of_base
from studio.errors import AdapterError

if TYPE_CHECKING:
    from torch import Tensor

KEPT = 0.2  # of each change, the largest part: TIES' own choice
DROPPED = 0.5  # of each change, at random: DARE's p

Rule = Callable[[Sequence["Tensor"], int], "Tensor"]


@dataclass(frozen=True, eq=False)
class Merged:
    """The changes by name, and the part of ‖ΔW‖² that the chosen rank keeps, over all layers."""

    changes: Mapping[str, Delta]
    energy: float


def merge(
    parts: Sequence[tuple[Loose, float]],
    *,
    rank: int = 0,
    rule: str = "sum",
    seed: int = 0,
    progress: Progress | None = None,
) -> Merged:
    """Merge adapters with their weights; `rule` is "sum", "ties" or "dare".

    A rank of 0 keeps the sum exactly, its rank being that of all together; another rank gives the
    nearest of that rank in every layer. Raises `AdapterError` for files whose layers have different
    names, and for kinds that need their base.
    """
    if rule not in RULES:
        raise AdapterError(f"There is no way to merge called “{rule}”", remedy=f"Use {', '.join(RULES)}.")
    for loose, _ in parts:
        demand_free_of_base(loose)
    _demand_same_names(parts)
    names = list(dict.fromkeys(name for loose, _ in parts for name in loose.changes))
    changes: dict[str, Delta] = {}
    kept = total = 0.0
    for number, name in enumerate(names):
        if progress:
            progress(number, len(names))
        here = [(loose, weight) for loose, weight in parts if name in loose.changes and weight]
        if here:
            change, energy, size = _merge_layer(name, here, rank, (rule, seed + number))
            changes[name] = change
            kept, total = kept + energy * size, total + size
    return Merged(changes, kept / total if total else 1.0)


def _merge_layer(
    name: str, parts: Sequence[tuple[Loose, float]], rank: int, how: tuple[str, int]
) -> tuple[Delta, float, float]:
    """The change, the part of its ‖ΔW‖² that is kept, and ‖ΔW‖² itself."""
    rule, seed = how
    shape = parts[0][0].shapes[name]
    if any(loose.shapes[name] != shape for loose, _ in parts):
        raise AdapterError("The adapters are not for the same base", why=f"{name[:80]} has different sizes")
    given = [loose.changes[name] for loose, _ in parts]
    if rule == "sum" and all(is_plain(change) for change in given):
        found = _sum_of_factors(name, parts, rank)
    else:
        changes = [loose.changes[name].delta(loose.blank(name)) * weight for loose, weight in parts]
        whole = RULES[rule](changes, seed)
        if len(shape) < 2 or (not rank and not all(is_plain(change) for change in given)):
            return Difference(whole), 1.0, float(whole.square().sum())
        found = shortened_dense(whole, rank=rank or sum(change.rank for change in given))
    size = found.factors.norm(parts[0][0].blank(name)) ** 2
    return found.factors, found.energy, size / max(found.energy, 1e-12)


def _sum_of_factors(name: str, parts: Sequence[tuple[Loose, float]], rank: int) -> Shortened:
    """[w₁B₁ w₂B₂ …] · [A₁; A₂; …], as it is or cut to a rank."""
    import torch

    blank, shape = parts[0][0].blank(name), parts[0][0].shapes[name]
    ups, downs = [], []
    for loose, weight in parts:
        change = loose.changes[name]
        assert isinstance(change, Factors)
        up, down = change.matrices(blank)
        ups.append(up * (weight * change.scale))
        downs.append(down)
    up, down = torch.cat(ups, 1), torch.cat(downs)
    if rank and rank < up.shape[1]:
        return shortened_product(up, down, shape, rank=rank)
    inner = up.shape[1]
    ones = [1] * (len(shape) - 2)
    return Shortened(
        Factors(down.reshape(inner, *shape[1:]), up.reshape(-1, inner, *ones), float(inner)), 1.0
    )


def _demand_same_names(parts: Sequence[tuple[Loose, float]]) -> None:
    for loose, _ in parts[1:]:
        if not loose.changes.keys() & parts[0][0].changes.keys():
            raise AdapterError(
                f"{parts[0][0].name} and {loose.name} have no layer in common",
                why="They are for different bases, or name their layers in different ways",
                remedy="Convert both to the same format first: studio adapter convert.",
            )


def _total(changes: Sequence[Tensor], _seed: int) -> Tensor:
    total = changes[0]
    for change in changes[1:]:
        total = total + change
    return total


def _ties(changes: Sequence[Tensor], _seed: int) -> Tensor:
    """Trim, elect the sign, and take the mean of those that agree (Yadav et al., arXiv 2306.01708).

    The mean is multiplied by their number, so that it is a sum as elsewhere in the studio.
    """
    import torch

    trimmed = []
    for change in changes:
        count = max(1, round(KEPT * change.numel()))
        least = change.abs().flatten().kthvalue(change.numel() - count + 1).values
        trimmed.append(torch.where(change.abs() >= least, change, 0))
    stacked = torch.stack(trimmed)
    sign = stacked.sum(0).sign()
    return torch.where(stacked.sign() == sign, stacked, 0).sum(0)


def _dare(changes: Sequence[Tensor], seed: int) -> Tensor:
    """Drop elements at random and scale up the rest (Yu et al., arXiv 2311.03099), then sum."""
    import torch

    dice = torch.Generator().manual_seed(seed)
    kept = [torch.rand(change.shape, generator=dice) >= DROPPED for change in changes]
    return _total([c * k / (1 - DROPPED) for c, k in zip(changes, kept, strict=True)], seed)


RULES: Mapping[str, Rule] = {"sum": _total, "ties": _ties, "dare": _dare}
