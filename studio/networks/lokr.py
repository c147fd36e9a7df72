"""LoKr: a Kronecker product (Yeh et al., LyCORIS, arXiv 2309.14859; Edalati et al., KronA, 2212.10650)."""

from __future__ import annotations

from math import prod
from typing import Any

from studio.adapters.factors import Delta, Kron
from studio.networks._base import NetworkSettings
from studio.networks._peft import ADAPTER, PeftNetwork, copied
from studio.networks._ranks import Ranks, layer_rank
from studio.networks._targets import Shape

MATRICES = ("w1", "w2", "w2_a", "w2_b")


class LoKr(PeftNetwork):
    """peft's LoKr in every linear layer and convolution of the blocks; dropout leaves out whole outputs.

    The first matrix is whole; the second, too, where the rank is no less than half its side.
    """

    name = "lokr"
    title = "LoKr"
    about = (
        "A small pattern times a larger one: files of a tenth of a LoRA's size. Wants a higher learning rate."
    )
    order = 50
    wide = True
    on_quantised = False

    def config(self, ranks: Ranks, settings: NetworkSettings) -> Any:
        """peft's LoKr, split as evenly as can be, with convolutions flattened."""
        from peft import LoKrConfig

        return LoKrConfig(
            r=ranks.rank,
            alpha=ranks.alpha,
            rank_pattern=dict(ranks.rank_pattern),
            alpha_pattern=dict(ranks.alpha_pattern),
            rank_dropout=settings.dropout,
            rank_dropout_scale=True,
        )

    def prepare(self, layer: Any) -> None:
        """Two whole matrices have no rank, and so no scale in any program that reads the file."""
        if ADAPTER in layer.lokr_w2:
            layer.scaling[ADAPTER] = 1.0

    def read(self, layer: Any) -> Delta:
        """The matrices and alpha."""
        there = {role: getattr(layer, f"lokr_{role}") for role in MATRICES}
        return Kron(
            alpha=float(layer.alpha[ADAPTER]),
            **{role: copied(held[ADAPTER]) for role, held in there.items() if ADAPTER in held},
        )

    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """Both matrices."""
        outputs, inputs = split(shape[0]), split(shape[1])
        rank, window = layer_rank(shape, settings), prod(shape[2:])
        whole = outputs[1] * inputs[1] * window
        factored = rank * (outputs[1] + inputs[1] * window)
        second = factored if rank < max(outputs[1], inputs[1]) / 2 else whole
        trained = outputs[0] * inputs[0] + second
        return trained, trained


def split(side: int) -> tuple[int, int]:
    """Two whole numbers whose product is the side of a weight, as near to one another as there are."""
    small = next(number for number in range(int(side**0.5), 0, -1) if side % number == 0)
    return small, side // small


ENTRY = LoKr()
