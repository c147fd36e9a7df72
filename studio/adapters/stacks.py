"""Stacks: the factors of all adapters of a layer side by side, so that a mix is a single product.

Σ wᵢ · Bᵢ · Aᵢ = [B₁ B₂ …] · diag(w) · [A₁; A₂; …]: moving a slider scales columns, nothing more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from studio.adapters.factors import Factors
from studio.adapters.layers import Layer
from studio.adapters.reading import Adapter

if TYPE_CHECKING:
    from torch import Tensor


class Stack(NamedTuple):
    """`up` is (out, Σ rank) in float32, each part times its scale; `down` is (Σ rank, in)."""

    adapters: tuple[Adapter, ...]
    ranks: tuple[int, ...]
    up: Tensor
    down: Tensor


class Stacks:
    """The stacks of a model's layers, made when the set of adapters in a layer changes."""

    def __init__(self) -> None:
        self._stacks: dict[Layer, Stack] = {}
        self._columns: dict[object, Tensor] = {}

    def add(self, layer: Layer, base: Tensor, parts: Sequence[tuple[Adapter, float]]) -> Tensor:
        """`base` plus the share of each adapter, as a new tensor in float32."""
        import torch

        stack = self._stack(layer, tuple(adapter for adapter, _ in parts), base)
        columns = self._column(tuple(share for _, share in parts), stack.ranks, base)
        mixed = torch.addmm(base.flatten(1), stack.up * columns, stack.down.float())
        return mixed.view(base.shape)

    def forget(self, layers: Iterable[Layer]) -> None:
        """Nothing changes these any more."""
        for layer in layers:
            self._stacks.pop(layer, None)

    def _stack(self, layer: Layer, adapters: tuple[Adapter, ...], base: Tensor) -> Stack:
        """The one that there is, if it is of these adapters; else a new one."""
        import torch

        known = self._stacks.get(layer)
        if known is None or known.adapters != adapters:
            changes = [change for a in adapters if isinstance(change := a.changes[layer], Factors)]
            up = torch.cat([each.up.flatten(1).to(base.device).float() * each.scale for each in changes], 1)
            down = torch.cat([each.down.flatten(1).to(base.device) for each in changes])
            known = Stack(adapters, tuple(each.rank for each in changes), up, down)
            self._stacks[layer] = known
        return known

    def _column(self, shares: tuple[float, ...], ranks: tuple[int, ...], base: Tensor) -> Tensor:
        """The share of each column; many layers have the same."""
        import torch

        key = (shares, ranks, base.device)
        if key not in self._columns:
            if len(self._columns) > 256:
                self._columns.clear()
            each = [share for share, rank in zip(shares, ranks, strict=True) for _ in range(rank)]
            self._columns[key] = torch.tensor(each, dtype=torch.float32, device=base.device)
        return self._columns[key]
