"""Storages of weights: how near they are, what they weigh, and that gradients go through them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from studio.adapters.beside import dequantised
from studio.errors import ModelError
from studio.models.storage import STORAGES
from studio.models.storage._base import is_packed, stored_layers

CPU = torch.device("cpu")
PACKING = [storage.name for storage in STORAGES if storage.packs]
ERROR = {"int8": 0.01, "fp8": 0.03, "nf4": 0.1, "offload": 0.01}
"""The most that a packed normal weight may be off, relative to its norm."""


class Blocks(nn.Module):
    """A first layer, two blocks and a last layer, as in every denoiser."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(64, 128), nn.Linear(128, 4)
        self.blocks = nn.ModuleList(nn.ModuleDict({"to_q": nn.Linear(128, 128)}) for _ in range(2))
        self.requires_grad_(False)

    def forward(self, states: torch.Tensor, *, again: bool = False) -> torch.Tensor:
        states = self.first(states)
        for block in self.blocks:
            layer = block["to_q"]  # type: ignore[index]
            states = checkpoint(layer, states, use_reentrant=False) if again else layer(states)
        told: torch.Tensor = self.last(states)
        return told


def weights_of(module: nn.Module) -> list[torch.Tensor]:
    return [layer.weight.detach().clone() for _, layer in stored_layers(module)]


@pytest.mark.parametrize("name", PACKING)
def test_layers_in_blocks_are_packed_and_stand_for_nearly_the_same(name: str) -> None:
    net, seen = Blocks(), torch.randn(3, 64)
    before, said = weights_of(net), net(seen)
    STORAGES.get(name).prepare(net, CPU)
    layers = [block["to_q"] for block in net.blocks]  # type: ignore[index]
    assert all(is_packed(layer.weight) and isinstance(layer, nn.Linear) for layer in layers)
    assert not is_packed(net.first.weight) and not is_packed(net.last.weight)
    for layer, weight in zip(layers, before, strict=True):
        assert (dequantised(layer) - weight).norm() < ERROR[name] * weight.norm()
    assert (net(seen) - said).norm() < 2 * ERROR[name] * said.norm()


@pytest.mark.parametrize("name", PACKING)
@pytest.mark.parametrize("again", [False, True])
def test_the_gradient_is_that_of_the_weights_for_which_it_stands(name: str, again: bool) -> None:
    net, seen = Blocks(), torch.randn(3, 64, requires_grad=True)
    STORAGES.get(name).prepare(net, CPU)
    net(seen, again=again).square().sum().backward()
    plain, same = Blocks(), seen.detach().clone().requires_grad_()
    with torch.no_grad():
        for packed, layer in zip(net.blocks, plain.blocks, strict=True):
            layer["to_q"].weight.copy_(dequantised(packed["to_q"]))  # type: ignore[index]
    plain(same).square().sum().backward()
    assert seen.grad is not None and same.grad is not None
    assert torch.allclose(seen.grad, same.grad, atol=1e-4)


@pytest.mark.parametrize("name", [storage.name for storage in STORAGES])
def test_what_it_says_that_weights_take_is_what_they_take(name: str) -> None:
    storage, layer = STORAGES.get(name), nn.Linear(1024, 1024, bias=False, dtype=torch.bfloat16)
    packed = storage.pack(layer, CPU)
    weight = packed.weight
    assert isinstance(weight, nn.Parameter)
    size = weight.untyped_storage().nbytes()
    state = getattr(weight, "quant_state", None)
    if state is not None:
        size += state.absmax.numel() + 4 * state.state2.absmax.numel()
    assert storage.bytes_of(1024 * 1024) == pytest.approx(size, rel=1e-3, abs=1)


def test_weights_of_an_fp8_file_are_kept_to_the_bit() -> None:
    layer = nn.Linear(64, 8, bias=False, dtype=torch.bfloat16)
    layer.weight.data = (torch.randn(8, 64) * 0.02).to(torch.float8_e4m3fn).bfloat16()
    before = layer.weight.detach().float()
    assert torch.equal(dequantised(STORAGES.get("fp8").pack(layer, CPU)), before)


def test_only_the_packed_weight_is_kept_for_the_gradient() -> None:
    layer = STORAGES.get("int8").pack(nn.Linear(64, 64), CPU)
    kept: list[torch.Tensor] = []

    def keep(one: torch.Tensor) -> torch.Tensor:
        kept.append(one)
        return one

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda one: one):
        layer(torch.randn(2, 64, requires_grad=True))
    assert not [one for one in kept if one.shape == (64, 64) and not is_packed(one)]


def test_a_base_off_the_card_says_what_one_of_8_bit_numbers_says_to_the_bit() -> None:
    net, same, seen = Blocks(), Blocks(), torch.randn(3, 64)
    STORAGES.get("offload").prepare(net, CPU)
    STORAGES.get("int8").prepare(same, CPU)
    assert torch.equal(net(seen), same(seen))


def test_moving_a_model_leaves_what_lies_off_the_card_where_it_is() -> None:
    net, seen = Blocks(), torch.randn(3, 64)
    STORAGES.get("offload").prepare(net, CPU)
    said = net(seen)
    layer = net.blocks[0]["to_q"]  # type: ignore[index]
    home = layer.numbers.data_ptr()
    moved = copy.deepcopy(net).to("meta").blocks[0]["to_q"]  # type: ignore[index]
    assert moved.weight.device.type == "meta" and moved.numbers.device.type == "cpu"
    assert moved.weight.shape == (128, 128) and moved.weight.stride() == (0, 0)
    net.to(torch.float64).to(torch.float32)
    assert layer.numbers.data_ptr() == home and layer.weight.untyped_storage().nbytes() == 1
    assert torch.equal(net(seen), said)


def test_a_device_without_it_is_told() -> None:
    with pytest.raises(ModelError, match="8-bit floating point"):
        STORAGES.get("fp8").prepare(Blocks(), torch.device("mps"))
