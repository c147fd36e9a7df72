"""Muon: momentum whose update for every weight matrix is made orthogonal; small models learn sooner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def optimizer(module: torch.nn.Module, rate: float) -> Muon:
    """Muon for a module's matrices and convolutions, Adam for its embeddings, biases and norms."""
    embeddings = {id(m.weight) for m in module.modules() if isinstance(m, torch.nn.Embedding)}
    weights = [each for each in module.parameters() if each.requires_grad]
    matrices = [each for each in weights if each.ndim >= 2 and id(each) not in embeddings]
    chosen = {id(each) for each in matrices}
    return Muon(matrices, [each for each in weights if id(each) not in chosen], rate)


class Muon(torch.optim.Optimizer):
    """Keller Jordan's Muon, its updates scaled to the size of Adam's (Liu et al. 2025, equation 4)."""

    def __init__(self, matrices: Iterable[Tensor], others: Iterable[Tensor], rate: float) -> None:
        groups: list[dict[str, Any]] = [
            {"params": list(matrices), "orthogonal": True},
            {"params": list(others), "orthogonal": False},
        ]
        super().__init__(groups, {"lr": rate, "decay": 0.01})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Move every weight once; the gradients must be there."""
        matrices, others = self.param_groups
        self._orthogonal(matrices)
        for weight in others["params"]:
            self._adam(weight, others["lr"])

    def _orthogonal(self, group: dict[str, Any]) -> None:
        by_shape: dict[torch.Size, list[Tensor]] = {}
        for weight in group["params"]:
            by_shape.setdefault(weight.flatten(1).shape, []).append(weight)
        for shape, weights in by_shape.items():
            updates = orthogonalised(torch.stack([self._momentum(weight) for weight in weights]))
            size = 0.2 * max(shape) ** 0.5
            for weight, update in zip(weights, updates, strict=True):
                weight.mul_(1 - group["lr"] * group["decay"])
                weight.add_(update.view(weight.shape), alpha=-group["lr"] * size)

    def _momentum(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        gradient = _gradient(weight).reshape(len(weight), -1)
        if not state:
            state["momentum"] = torch.zeros_like(gradient)
        state["momentum"].lerp_(gradient, 0.05)
        return gradient.lerp(state["momentum"], 0.95)

    def _adam(self, weight: Tensor, rate: float) -> None:
        state, gradient = self.state[weight], _gradient(weight)
        if not state:
            state |= {
                "first": torch.zeros_like(weight),
                "second": torch.zeros_like(weight),
                "count": torch.tensor(0.0),
            }
        state["count"] += 1
        state["first"].lerp_(gradient, 0.1)
        state["second"].lerp_(gradient.square(), 0.01)
        first = state["first"] / (1 - 0.9 ** state["count"])
        second = state["second"] / (1 - 0.99 ** state["count"])
        weight.addcdiv_(first, second.sqrt() + 1e-8, value=-rate)


def _gradient(weight: Tensor) -> Tensor:
    return torch.zeros_like(weight) if weight.grad is None else weight.grad


def orthogonalised(batch: Tensor) -> Tensor:
    """The nearest orthogonal matrices to a (count, rows, columns) batch, by five Newton-Schulz steps."""
    tall = batch.shape[-2] > batch.shape[-1]
    x = (batch.mT if tall else batch).bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    found: Tensor = x.mT if tall else x
    return found.float()
