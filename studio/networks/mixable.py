"""Mixable LoRA: several of them add up with little crosstalk (Po et al., arXiv 2312.02432)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from studio.networks._base import Attached, NetworkSettings
from studio.networks._peft import ADAPTER, AttachedPeft, Tuned
from studio.networks._ranks import layer_rank
from studio.networks._targets import Shape
from studio.networks.lora import Lora

if TYPE_CHECKING:
    from torch import Tensor

SHARED_SEED = 231202432  # the same for every adapter there ever is, or their factors have nothing in common


class Mixable(Lora):
    """LoRA whose `down` stays as it begins: directions drawn from one basis that all adapters share.

    Two adapters that learn apart hardly ever read the same directions of a layer's input (section 4 of
    the paper, its randomised orthogonal basis), so that neither answers to what the other learned.
    """

    name = "mixable"
    title = "LoRA for mixing"
    about = (
        "Made to be mixed with others of its kind: each learns in directions of its own. Half of it is fixed."
    )
    order = 60
    initializations = ("usual",)

    def prepare(self, layer: Any) -> None:
        """Draw this adapter's directions from torch's global generator."""
        import torch

        super().prepare(layer)
        down = layer.lora_A[ADAPTER].weight
        directions = torch.randperm(down.shape[1])[: down.shape[0]]
        down.data.copy_(shared_basis(down.shape[1])[directions])
        down.requires_grad_(False)

    def attached(self, tuned: Tuned, settings: NetworkSettings) -> Attached:
        """With `down` among what is fixed."""
        return AttachedPeft(self, tuned)

    def sizes(self, shape: Shape, settings: NetworkSettings) -> tuple[int, int]:
        """rank · out is trained, all of it written."""
        _, stored = super().sizes(shape, settings)
        return layer_rank(shape, settings) * shape[0], stored


@cache
def shared_basis(width: int) -> Tensor:
    """An orthogonal matrix (width, width) that depends on its width alone."""
    import torch

    chance = torch.Generator().manual_seed(SHARED_SEED)
    basis: Tensor = torch.linalg.qr(torch.randn(width, width, generator=chance, dtype=torch.float64)).Q
    return basis.float()


ENTRY = Mixable()
