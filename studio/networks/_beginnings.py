"""How a LoRA begins: as usual, at what the base does most, or at what the pictures need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from studio.adapters.factors import Delta, Factors
from studio.networks._base import Attached, NetworkSettings
from studio.networks._peft import ADAPTER, AttachedPeft, PeftNetwork, Tuned

if TYPE_CHECKING:
    from torch import Tensor, nn

Split = Callable[["Tensor", int], tuple["Tensor", "Tensor"]]
WATCHED_BATCHES, WATCHED_ROWS = (
    8,
    64,
)  # EVA looks at so many batches, and in each at so many inputs of a layer


def begin(network: PeftNetwork, tuned: Tuned, settings: NetworkSettings) -> Attached:
    """The network on fresh LoRA layers, begun as the settings say."""
    match settings.initialization:
        case "pissa":
            return BegunInside(network, tuned, principal_parts)
        case "olora":
            return BegunInside(network, tuned, orthonormal_parts)
        case "eva":
            return BegunAtInputs(network, tuned)
        case _:
            return AttachedPeft(network, tuned)


def principal_parts(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """U √S and √S Vᵀ of the largest singular values (Meng et al., PiSSA, arXiv 2404.02948, section 3)."""
    import torch

    more = min(2 * rank + 8, *weight.shape)
    left, values, right = torch.svd_lowrank(weight, q=more, niter=8)
    root = values[:rank].sqrt()
    return left[:, :rank] * root, root[:, None] * right[:, :rank].T


def orthonormal_parts(weight: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """The first columns of Q and rows of R of W = Q R (Büyükakyüz, OLoRA, arXiv 2406.01775)."""
    import torch

    columns, rows = torch.linalg.qr(weight)
    return columns[:, :rank], rows[:rank]


class BegunInside(AttachedPeft):
    """A LoRA that begins as a part of the weight, B₀ A₀: the layer computes W₀ x + s (B A - B₀ A₀) x.

    The papers take that part out of W₀ instead. This is the same, but leaves the base as it is in
    every precision, and what is learned against it is a LoRA of twice the rank, exactly.
    """

    def __init__(self, network: PeftNetwork, tuned: Tuned, split: Split) -> None:
        super().__init__(network, tuned)
        self._begun = {id(layer): _begin_inside(layer, split) for layer in self.layers}
        fixed: dict[str, Tensor] = {}
        for number, each in enumerate(self._begun.values()):
            fixed |= {f"begun.{number}.down": each.down.weight, f"begun.{number}.up": each.up.weight}
        self.fixed = {**self.fixed, **fixed}

    def read(self, layer: Any) -> Delta:
        """The end beside the beginning with its sign turned: [B, -B₀] [A; A₀]."""
        import torch

        end, begun = self.network.read(layer), self._begun[id(layer)]
        assert isinstance(end, Factors)
        return Factors(
            down=torch.cat([end.down, begun.down.weight]),
            up=torch.cat([end.up, -begun.up.weight], dim=1),
            alpha=2 * end.alpha,
        )


class Beginning:
    """What a layer began with, as a hook that takes it off what the layer says."""

    def __init__(self, layer: Any) -> None:
        self.down: nn.Linear = deepcopy(layer.lora_A[ADAPTER]).requires_grad_(False)
        self.up: nn.Linear = deepcopy(layer.lora_B[ADAPTER]).requires_grad_(False)
        self.scale = float(layer.scaling[ADAPTER])

    def __call__(self, layer: Any, given: Sequence[Tensor], said: Tensor) -> Tensor:
        """Nothing is taken off while the network is off."""
        if layer.disable_adapters:
            return said
        begun: Tensor = self.up(self.down(given[0].to(self.down.weight.dtype))) * self.scale
        return said - begun.to(said.dtype)


def _begin_inside(layer: Any, split: Split) -> Beginning:
    """Set the layer's matrices, so that s B A is a part of its weight; dropout would break what it equals."""
    import torch
    from peft.utils.integrations import dequantize_module_weight

    down, up = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    whole = dequantize_module_weight(layer.get_base_layer()).detach().float().flatten(1)
    left, right = split(whole / layer.scaling[ADAPTER], down.shape[0])
    up.data.copy_(left.reshape(up.shape))
    down.data.copy_(right.reshape(down.shape))
    layer.lora_dropout[ADAPTER] = torch.nn.Identity()
    beginning = Beginning(layer)
    layer.register_forward_hook(beginning)
    return beginning


class BegunAtInputs(AttachedPeft):
    """A LoRA whose `down` begins as the directions in which a layer's inputs vary most.

    Paischer et al., EVA, arXiv 2410.07170, with the same rank in every layer: the right singular
    vectors of some inputs of the first batches. Until `observe` it begins as usual.
    """

    def observe(self, run: Callable[[int], object]) -> None:
        """Pass the first batches through the model and set `down` of each layer."""
        import torch

        seen: dict[int, list[Tensor]] = {id(layer): [] for layer in self.layers}
        with ExitStack() as watching, torch.no_grad():
            for layer in self.layers:
                hook = layer.register_forward_pre_hook(
                    lambda layer, given: seen[id(layer)].append(_some_inputs(layer, given[0]))
                )
                watching.callback(hook.remove)
            for number in range(WATCHED_BATCHES):
                run(number)
        with torch.no_grad():
            for layer in self.layers:
                down = layer.lora_A[ADAPTER].weight
                directions = torch.linalg.svd(torch.cat(seen[id(layer)]), full_matrices=False).Vh
                kept = directions[: down.shape[0]]
                down[: len(kept)] = kept.reshape(-1, *down.shape[1:]).to(down.device)


def _some_inputs(layer: Any, given: Tensor) -> Tensor:
    """Rows of what a layer multiplies its weight with, evenly from all of them; float32, on the processor."""
    import torch

    base = layer.get_base_layer()
    if hasattr(base, "kernel_size"):
        patches = torch.nn.functional.unfold(
            given, base.kernel_size, dilation=base.dilation, padding=base.padding, stride=base.stride
        )
        rows = patches.transpose(1, 2).flatten(0, 1)
    else:
        rows = given.flatten(0, -2)
    places = torch.linspace(0, len(rows) - 1, min(WATCHED_ROWS, len(rows)), device=rows.device).long()
    return rows[places].float().cpu()
