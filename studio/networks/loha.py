"""LoHa: two low-rank matrices multiplied place by place (Hyeon-Woo et al., FedPara, arXiv 2108.06098)."""

from __future__ import annotations

from math import prod
from typing import Any

from studio.adapters.factors import Delta, Hada
from studio.networks._base import NetworkSettings
from studio.networks._peft import ADAPTER, PeftNetwork, copied
from studio.networks._ranks import Ranks, layer_rank
from studio.networks._targets import Shape


class LoHa(PeftNetwork):
    """peft's LoHa in every linear layer and convolution of the blocks; dropout leaves out whole outputs."""

    name = "loha"
    title = "LoHa"
    about = (
        "Reaches the square of its rank: a low one, such as 4 or 8, holds a whole style. Wants more steps."
    )
    order = 40
    wide = True
    on_quantised = False
    tensors = 5

    def config(self, ranks: Ranks, settings: NetworkSettings) -> Any:
        """peft's LoHa, with convolutions flattened."""
        from peft import LoHaConfig

        return LoHaConfig(
            r=ranks.rank,
            alpha=ranks.alpha,
            rank_pattern=dict(ranks.rank_pattern),
            alpha_pattern=dict(ranks.alpha_pattern),
            rank_dropout=settings.dropout,
        )

    def read(self, layer: Any) -> Delta:
        """The four matrices and alpha."""
        return Hada(
            w1_a=copied(layer.hada_w1_a[ADAPTER]),
            w1_b=copied(layer.hada_w1_b[ADAPTER]),
            w2_a=copied(layer.hada_w2_a[ADAPTER]),
            w2_b=copied(layer.hada_w2_b[ADAPTER]),
            alpha=float(layer.alpha[ADAPTER]),
        )

    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """2 rank · (in + out)."""
        trained = 2 * layer_rank(shape, settings) * (shape[0] + prod(shape[1:]))
        return trained, trained


ENTRY = LoHa()
