"""Packing: many small weights as a few large ones, for optimizers that take every tensor by itself.

A LoRA is hundreds of small matrices. An optimizer that corrects them one by one spends more time between
them (on a card it also waits for the card after each) than on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn

BLOCK = 256  # values that bitsandbytes rounds together: each weight begins at a multiple of it
MOST = 1 << 21  # values in a pack: its gradients are there twice for a moment
LARGE = 4096  # values from which on a weight is remembered in 8 bits


class Pack:
    """Weights that lie one behind the other in the parameter `whole`; they stay what they are to the model.

    Corrected at once they become what they would each by itself: no block is of two weights.
    """

    def __init__(self, weights: Sequence[nn.Parameter]) -> None:
        import torch

        self.weights = weights
        self._room = [ceil(weight.numel() / BLOCK) * BLOCK for weight in weights]
        self.whole = torch.nn.Parameter(weights[0].new_zeros(sum(self._room)).detach())
        for weight, room in zip(weights, self.whole.data.split(self._room), strict=True):
            place = room[: weight.numel()].view_as(weight)
            place.copy_(weight.detach())
            weight.data = place

    def gather(self) -> None:
        """Take over the gradients of the weights; where none of them has one, neither has the whole."""
        import torch

        found = [weight.grad for weight in self.weights]
        if all(gradient is None for gradient in found):
            self.whole.grad = None
            return
        self.whole.grad = torch.cat(
            [self._spread(*each) for each in zip(self.weights, found, self._room, strict=True)]
        )
        for weight in self.weights:
            weight.grad = None

    @staticmethod
    def _spread(weight: nn.Parameter, gradient: Tensor | None, room: int) -> Tensor:
        from torch.nn.functional import pad

        if gradient is None:
            return weight.new_zeros(room)
        flat = gradient.flatten()
        return pad(flat, (0, room - len(flat))) if room > len(flat) else flat


def packed(groups: Iterable[dict[str, Any]]) -> tuple[list[Pack], list[dict[str, Any]]]:
    """The weights of an optimizer's groups in packs, and the groups with those in their place.

    Small weights have packs, and groups, of their own: what is remembered of them keeps 32 bits.
    """
    packs, anew = [], []
    for group in groups:
        large = [weight for weight in group["params"] if weight.numel() >= LARGE]
        small = [weight for weight in group["params"] if weight.numel() < LARGE]
        for weights, bits in ((large, {}), (small, {"optim_bits": 32})):
            some = [Pack(each) for each in _in_parts(weights)]
            if some:
                packs += some
                anew.append({**group, **bits, "params": [pack.whole for pack in some]})
    return packs, anew


def _in_parts(weights: Sequence[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    part: list[nn.Parameter] = []
    for weight in weights:
        if part and sum(each.numel() for each in part) + weight.numel() > MOST:
            yield part
            part = []
        part.append(weight)
    if part:
        yield part
