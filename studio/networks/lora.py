"""LoRA: two small matrices beside each attention layer (Hu et al., arXiv 2106.09685)."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from studio.adapters.factors import Delta, Factors
from studio.adapters.original_transformers import kohya_layers
from studio.networks._base import Attached, NetworkSettings
from studio.networks._peft import ADAPTER, PeftNetwork, Tuned, compute_as_asked, copied
from studio.networks._ranks import Ranks, layer_rank
from studio.networks._targets import Shape


class Lora(PeftNetwork):
    """peft's LoRA on the layers that the family names, beginning as the settings say."""

    name = "lora"
    title = "LoRA"
    about = "Two small matrices beside each attention layer. Works everywhere."
    order = 10
    initializations: tuple[str, ...] = ("usual", "gaussian", "pissa", "olora", "eva")

    def config(self, ranks: Ranks, settings: NetworkSettings) -> Any:
        """peft's LoRA."""
        from peft import LoraConfig

        return LoraConfig(
            r=ranks.rank,
            lora_alpha=ranks.alpha,
            rank_pattern=dict(ranks.rank_pattern),
            alpha_pattern=dict(ranks.alpha_pattern),
            lora_dropout=settings.dropout,
            init_lora_weights="gaussian" if settings.initialization == "gaussian" else True,
        )

    def prepare(self, layer: Any) -> None:
        """Computing in the precision of the base, and at once where that can be."""
        from studio.networks._low_rank import answer_at_once

        compute_as_asked(layer)
        answer_at_once(layer, ADAPTER)

    def read(self, layer: Any) -> Delta:
        """Both matrices and alpha."""
        return read_lora(layer)

    def attached(self, tuned: Tuned, settings: NetworkSettings) -> Attached:
        """With the beginning that the settings ask for."""
        from studio.networks._beginnings import begin

        return begin(self, tuned, settings)

    def padding(self, layers: Mapping[str, Shape], chosen: frozenset[str], settings: NetworkSettings) -> int:
        """What lies beside the diagonal of a joined `up`, where each layer keeps its own columns."""
        zeros = 0
        for _, place in kohya_layers(layers):
            rows = sum(layers[path][0] for path in place.paths)
            for path in chosen.intersection(place.paths):
                shape = layers[path]
                rank = self.sizes(shape, settings)[1] // (shape[0] + prod(shape[1:]))
                zeros += rank * (rows - shape[0])
        return zeros

    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """rank · (in + out); a beginning other than zero is taken off again by as much in the file."""
        trained = layer_rank(shape, settings) * (shape[0] + prod(shape[1:]))
        return trained, trained * (2 if settings.initialization in ("pissa", "olora") else 1)


def read_lora(layer: Any) -> Factors:
    """Copies of both matrices of one of peft's LoRA layers, and alpha."""
    return Factors(
        down=copied(layer.lora_A[ADAPTER].weight),
        up=copied(layer.lora_B[ADAPTER].weight),
        alpha=float(layer.lora_alpha[ADAPTER]),
    )


ENTRY = Lora()
