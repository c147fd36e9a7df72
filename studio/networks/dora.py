"""DoRA: LoRA for the direction of a weight, beside a magnitude (Liu et al., arXiv 2402.09353)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.adapters.factors import Delta, Dora
from studio.networks._base import Attached, NetworkSettings
from studio.networks._peft import ADAPTER, AttachedPeft, Tuned, copied
from studio.networks._ranks import Ranks
from studio.networks._targets import Shape
from studio.networks.lora import Lora, read_lora


class DoRA(Lora):
    """peft's DoRA on the layers of attention."""

    name = "dora"
    title = "DoRA"
    about = "LoRA that turns weights and scales them apart; learns finer at low ranks, a third slower."
    order = 30
    tensors = 4
    initializations = ("usual", "gaussian")

    def config(self, ranks: Ranks, settings: NetworkSettings) -> Any:
        """LoRA's, with magnitudes."""
        config = super().config(ranks, settings)
        config.use_dora = True
        return config

    def prepare(self, layer: Any) -> None:
        """Measure the magnitudes again, now that they can be in float32."""
        layer.lora_magnitude_vector[ADAPTER].update_layer(
            base_layer=layer.get_base_layer(),
            lora_A=layer.lora_A[ADAPTER].weight,
            lora_B=layer.lora_B[ADAPTER].weight,
            scaling=layer.scaling[ADAPTER],
        )

    def read(self, layer: Any) -> Delta:
        """The LoRA, and a magnitude for each output."""
        core = read_lora(layer)
        magnitude = copied(layer.lora_magnitude_vector[ADAPTER].weight)
        return Dora(core, magnitude.reshape(-1, *(1 for _ in core.up.shape[1:])))

    def attached(self, tuned: Tuned, settings: NetworkSettings) -> Attached:
        """As peft made them."""
        return AttachedPeft(self, tuned)

    def padding(self, layers: Mapping[str, Shape], chosen: frozenset[str], settings: NetworkSettings) -> int:
        """None: it is of a kind that no file joins."""
        return 0

    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """LoRA's, and a number for each output."""
        trained, stored = super().sizes(shape, settings)
        return trained + shape[0], stored + shape[0]


ENTRY = DoRA()
