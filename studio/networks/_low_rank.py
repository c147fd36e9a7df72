"""The answer of a linear layer with a LoRA beside it, in as few operations as it takes.

peft's own layer asks the base, then both matrices, scales and adds: six operations forward and a dozen
backward, each a walk through memory and, on a card, a launch. Here it is three, and five.
Importing this imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

from torch import Tensor, addmm, nn
from torch.autograd import Function


def answer_at_once(layer: Any, adapter: str) -> None:
    """Let one of peft's linear LoRA layers answer in one piece, in the precision of its input.

    A layer that does more than y = W x + b + s B A x (dropout, a variant such as DoRA, a convolution) is
    left to peft, and so is every layer while its adapter is off.
    """
    plain = isinstance(layer.lora_A[adapter], nn.Linear) and layer.lora_B[adapter].bias is None
    exact = isinstance(layer.lora_dropout[adapter], nn.Identity) and adapter not in layer.lora_variant
    if plain and exact:
        layer.forward = MethodType(_answer(adapter, layer.forward), layer)


def _answer(adapter: str, by_peft: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def answer(layer: Any, given: Tensor) -> Tensor:
        if layer.disable_adapters or layer.merged:
            return by_peft(given)
        down, up = layer.lora_A[adapter].weight, layer.lora_B[adapter].weight
        return low_rank(given, layer.base_layer, down, up, layer.scaling[adapter])

    return answer


def low_rank(given: Tensor, base: nn.Module, down: Tensor, up: Tensor, scale: float) -> Tensor:
    """W x + b + s B A x; gradients go to x, A and B.

    `base` is frozen: a linear layer, or one that stands for it with packed weights. `given` has the
    shape (..., in), `down` (rank, in), `up` (out, rank).
    """
    whole: Any = _Whole
    beside: Any = _Beside
    if _is_plain(base) and base.weight.dtype == given.dtype:
        answer: Tensor = whole.apply(scale, given, base.weight, base.bias, down, up)
    else:
        answer = beside.apply(scale, base(given), given, down, up)
    return answer


def _is_plain(base: nn.Module) -> bool:
    own = type(base) is nn.Linear and "forward" not in vars(base)
    return own and not base._forward_hooks and not base._forward_pre_hooks


def _rows(tensor: Tensor) -> Tensor:
    return tensor.reshape(-1, tensor.shape[-1])


class _Whole(Function):
    """Both products of the input in one; of the input, W, b, A and B."""

    @staticmethod
    def forward(ctx: Any, scale: float, *tensors: Tensor) -> Tensor:
        given, weight, bias, down, up = tensors
        rows = _rows(given)
        inner = rows @ down.to(rows.dtype).T
        said = rows @ weight.T if bias is None else addmm(bias, rows, weight.T)
        said.addmm_(inner, up.to(rows.dtype).T, alpha=scale)
        ctx.save_for_backward(rows, inner, down, up, weight)
        ctx.scale = scale
        return said.view(*given.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        *saved, weight = ctx.saved_tensors
        asked, down = _rows(gradients[0]), saved[2]
        pulled, of_down, of_up = _pull(ctx.scale, asked, saved)
        of_given = None
        if ctx.needs_input_grad[1]:
            of_given = (asked @ weight).addmm_(pulled, down.to(pulled.dtype))
            of_given = of_given.view(*gradients[0].shape[:-1], -1)
        return None, of_given, None, None, of_down, of_up


class _Beside(Function):
    """What the LoRA adds to what a base of any kind said; of that, the input, A and B."""

    @staticmethod
    def forward(ctx: Any, scale: float, *tensors: Tensor) -> Tensor:
        said, given, down, up = tensors
        rows = _rows(given)
        inner = rows @ down.to(rows.dtype).T
        ctx.save_for_backward(rows, inner, down, up)
        ctx.scale = scale
        return addmm(_rows(said), inner, up.to(rows.dtype).T, alpha=scale).view_as(said)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        saved = ctx.saved_tensors  # once: a checkpoint makes them anew each time
        down = saved[2]
        pulled, of_down, of_up = _pull(ctx.scale, _rows(gradients[0]), saved)
        of_given = None
        if ctx.needs_input_grad[2]:
            of_given = (pulled @ down.to(pulled.dtype)).view(*gradients[0].shape[:-1], -1)
        return None, gradients[0], of_given, of_down, of_up


def _pull(scale: float, asked: Tensor, saved: Sequence[Tensor]) -> tuple[Tensor, Tensor | None, Tensor]:
    """The gradient between both matrices, and those of both; none of a `down` that stays as it is."""
    rows, inner, down, up = saved
    pulled = (asked @ up.to(asked.dtype)).mul_(scale)
    of_down = (pulled.T @ rows).to(down.dtype) if down.requires_grad else None
    of_up = (asked.T @ inner).mul_(scale).to(up.dtype)
    return pulled, of_down, of_up
