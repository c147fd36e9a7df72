from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from studio.adapters.beside import dequantised
from studio.adapters.factors import Delta
from studio.adapters.layers import DENOISER, Layer, layers_of
from studio.adapters.mixing import Mixer
from studio.adapters.naming import LayerTable
from studio.adapters.reading import Adapter, read_adapter
from studio.adapters.writing import write_adapter
from tests.adapters.loras import keyed, random_change


@pytest.fixture
def net() -> Any:
    """Two layers in four bits, one in full precision between them."""
    import bitsandbytes as bnb

    torch.manual_seed(0)
    layers = [torch.nn.Linear(64, 64) for _ in range(3)]
    for number in (0, 2):
        small = bnb.nn.Linear4bit(64, 64, quant_type="nf4", compute_dtype=torch.float32)
        small.load_state_dict(layers[number].state_dict())
        layers[number] = small.to("cpu")
    return torch.nn.Sequential(*layers).requires_grad_(False)


def model(net: Any) -> Any:
    return SimpleNamespace(denoiser=net, text_encoders={})


def adapter(tmp_path: Path, net: Any, kind: str, seed: int) -> Adapter:
    table = LayerTable("a net", layers_of(DENOISER, net), {})
    dice = torch.Generator().manual_seed(seed)
    changes: dict[Layer, Delta] = {each: random_change(kind, each.shape, dice) for each in table.layers}
    path = tmp_path / f"{kind}-{seed}.safetensors"
    write_adapter(path, keyed(changes), {}, dtype=torch.float32)
    return read_adapter(path, table)


def dense(net: Any, seen: torch.Tensor, mix: list[tuple[Adapter, float]]) -> torch.Tensor:
    """The formula, with the weights for which the quantised layers stand."""
    for number, layer in enumerate(net):
        full = dequantised(layer) if number != 1 else layer.weight
        weight = full.clone()
        for each, share in mix:
            change = next(c for where, c in each.changes.items() if where.path == str(number))
            weight += share * change.delta(full)
        seen = torch.nn.functional.linear(seen, weight, layer.bias)
    return seen


@pytest.mark.parametrize("kind", ["LoRA", "LoHa", "LoKr", "DoRA"])
def test_beside_a_quantised_layer_the_mix_is_that_of_the_formula(tmp_path: Path, net: Any, kind: str) -> None:
    seen = torch.randn(3, 64)
    mix = [(adapter(tmp_path, net, kind, 1), 0.7), (adapter(tmp_path, net, "LoRA", 2), -0.3)]
    bare, wanted = net(seen), dense(net, seen, mix)
    mixer = Mixer(model(net))
    mixer.apply(mix)
    told = net(seen)
    torch.testing.assert_close(told, wanted, rtol=1e-4, atol=1e-4 * float(wanted.abs().max()))
    assert float((told - bare).abs().max()) > 0.1
    mixer.apply([(mix[0][0], -1.0), mix[1]])
    mixer.apply(mix)
    assert torch.equal(net(seen), told)
    mixer.apply([(mix[0][0], 0.0), (mix[1][0], 0.0)])
    assert torch.equal(net(seen), bare)


def test_an_adapter_that_is_taken_out_gives_its_memory_back(tmp_path: Path, net: Any) -> None:
    seen, mixer = torch.randn(3, 64), Mixer(model(net))
    bare = net(seen)
    one, other = (adapter(tmp_path, net, "LoRA", seed) for seed in (1, 2))
    mixer.apply([(one, 1.0), (other, 1.0)])
    mixer.apply([(other, 1.0)])
    assert len(net[0].lora_A) == 1
    mixer.apply([])
    assert len(net[0].lora_A) == 0
    assert torch.equal(net(seen), bare)
