"""Attention as a card computes it: in one kernel that never has the whole matrix in memory.

On the weightless device torch would count the plain formula, whose matrix alone is several times what the
kernels of a card need: flash attention (Dao et al., arXiv 2205.14135) or the memory-efficient one (Rabe and
Staats, arXiv 2112.05682), of which torch has one for every NVIDIA card since Maxwell.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _OneKernel(torch.autograd.Function):
    """Keeps queries, keys, values, the answer, and one number for each query, as the kernels do."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        answer = query.new_empty((*query.shape[:-1], value.shape[-1]))
        sums = query.new_empty(query.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(query, key, value, answer, sums)
        return answer

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        query, key, value, answer, _ = ctx.saved_tensors
        torch.empty_like(answer[..., 0], dtype=torch.float32)  # the sums over answer · gradient
        return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value)


def attention(query: Tensor, key: Tensor, value: Tensor, *given: Any, **named: Any) -> Tensor:
    """In place of `torch.nn.functional.scaled_dot_product_attention`."""
    answer: Tensor = _OneKernel.apply(query, key, value)  # type: ignore[no-untyped-call]
    return answer
