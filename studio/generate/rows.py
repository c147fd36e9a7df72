"""Rows: a batch goes through the denoiser one row after another, where a card has little room."""

from __future__ import annotations

from collections.abc import Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def one_by_one(denoiser: nn.Module) -> None:
    """Let a denoiser work on the rows of a batch by turns, so that guidance needs no more than one row.

    What has as many rows as the latents, its first argument, is cut; all else goes as it is. The result
    is that of the whole batch, to the rounding of its dtype.
    """
    from torch import Tensor

    whole = denoiser.forward

    @wraps(whole)
    def forward(*args: Any, **named: Any) -> Any:
        latents = next(iter((*args, *named.values())))
        if not isinstance(latents, Tensor) or len(latents) == 1:
            return whole(*args, **named)
        count = len(latents)
        return _joined(
            [whole(*_row(args, at, count), **_row(named, at, count)) for at in range(count)],
        )

    denoiser.forward = forward


def _row(given: Any, at: int, count: int) -> Any:
    from torch import Tensor

    if isinstance(given, Tensor):
        return given[at : at + 1] if given.ndim and len(given) == count else given
    if isinstance(given, dict):
        return {name: _row(each, at, count) for name, each in given.items()}
    if isinstance(given, tuple):
        return tuple(_row(each, at, count) for each in given)
    return given


def _joined(rows: Sequence[Any]) -> Any:
    import torch

    if isinstance(rows[0], torch.Tensor):
        return torch.cat(list(rows))
    if isinstance(rows[0], dict):  # diffusers' outputs are dictionaries of a class of their own
        return type(rows[0])(**{name: _joined([row[name] for row in rows]) for name in rows[0]})
    return tuple(_joined(each) for each in zip(*rows, strict=True))
