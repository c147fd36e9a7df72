"""LoRA: two small matrices beside each attention layer (Hu et al., arXiv 2106.09685)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.adapters.factors import Factors
from studio.networks._base import Attached, Network, NetworkSettings

if TYPE_CHECKING:
    from torch import nn

    from studio.families._base import Model

ADAPTER = "lora"  # peft's name for it


class Lora(Network):
    """peft's LoRA on the layers that the family names."""

    name = "lora"
    title = "LoRA"
    about = "Two small matrices beside each attention layer. Works everywhere."

    def attach(self, model: Model, settings: NetworkSettings) -> Attached:
        """Rank and alpha as set; an alpha of 0 is the rank."""
        from peft import LoraConfig
        from peft.tuners.lora import LoraLayer

        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.alpha or settings.rank,
            target_modules=list(model.family.defaults.target_modules),
        )
        denoiser: Any = model.denoiser
        denoiser.add_adapter(config, adapter_name=ADAPTER)
        layers = {path: part for path, part in denoiser.named_modules() if isinstance(part, LoraLayer)}
        return AttachedLora(layers)


class AttachedLora(Attached):
    """The LoRA layers that peft made, by module path."""

    def __init__(self, layers: dict[str, Any]) -> None:
        self._layers = layers
        weights: dict[str, nn.Parameter] = {}
        for path, layer in layers.items():
            for role in ("lora_A", "lora_B"):
                weight = getattr(layer, role)[ADAPTER].weight
                weight.data = weight.data.float()  # in half precision it hardly learns
                weights[f"{path}.{role}"] = weight
        super().__init__(weights)

    def factors(self) -> dict[str, Factors]:
        """Both matrices and alpha of each layer."""
        return {
            path: Factors(
                down=layer.lora_A[ADAPTER].weight.detach().clone(),
                up=layer.lora_B[ADAPTER].weight.detach().clone(),
                alpha=float(layer.lora_alpha[ADAPTER]),
            )
            for path, layer in self._layers.items()
        }


ENTRY = Lora()
