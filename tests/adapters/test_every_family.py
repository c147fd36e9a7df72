"""The promises of mixing and export, held on each family with models of the real classes."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from studio.adapters.factors import Delta, Factors
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.metadata import AdapterFacts
from studio.adapters.mixing import Mixer
from studio.adapters.naming import layer_table
from studio.adapters.reading import Adapter, read_adapter
from studio.adapters.receipt import Receipt
from studio.adapters.workbench.conversion import convert
from studio.families._base import Model
from studio.models.opening import open_model
from studio.workspace import Workspace
from tests.adapters.loras import KINDS, random_change, random_factors, weights
from tests.families.small import SMALL, write_small


@pytest.fixture(params=SMALL)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Model:
    """The small model of a family, opened."""
    folder = write_small(request.param, tmp_path / request.param)
    return open_model(str(folder), Workspace.open(tmp_path / "studio"))


def adapter(name: str, changes: dict[Layer, Delta]) -> Adapter:
    return Adapter(name, changes, {}, Receipt(name, "", AdapterFacts(), len(changes), {}, (), (), ()))


def some(layers: Iterable[Layer]) -> list[Layer]:
    """Two small layers of every part, a convolution among them where there is one."""
    found: dict[tuple[str, int], Layer] = {}
    for layer in sorted(layers, key=lambda each: prod(each.shape)):
        if min(layer.shape[:2]) > 3:
            found.setdefault((layer.part, len(layer.shape)), layer)
    return list(found.values())


def test_each_kind_is_exact_and_a_thousand_moves_leave_nothing_behind(small: Model) -> None:
    before, layers = weights(small), some(layer_table(small).layers)
    adapters = []
    for number, kind in enumerate(KINDS):
        dice = torch.Generator().manual_seed(number)
        adapters.append(adapter(kind, {layer: random_change(kind, layer.shape, dice) for layer in layers}))
    mixer = Mixer(small)
    for each in adapters:
        mixer.apply([(each, 0.7)])
        told = weights(small)
        for layer in layers:
            name = f"{layer.part}.{layer.path}.weight"
            wanted = before[name].double() + 0.7 * each.changes[layer].delta(before[name]).double()
            step = torch.finfo(before[name].dtype).eps
            torch.testing.assert_close(told[name].double(), wanted, rtol=4 * step, atol=1e-5)
    dice = random.Random(0)
    for _ in range(1000):
        chosen = dice.sample(adapters, dice.randint(0, 3))
        mixer.apply([(each, dice.uniform(-2, 2)) for each in chosen])
    mixer.apply([])
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights(small).items())


FORMATS = ("kohya", "diffusers")


@pytest.mark.parametrize("form", FORMATS)
def test_diffusers_reads_our_files_whole_and_comes_to_the_same_weights(
    small: Model, tmp_path: Path, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    table = layer_table(small)
    layers = [layer for layer in table.layers if trained(layer, small)]
    ours = adapter("ours", dict(random_factors(layers, alpha=2.0, size=0.05)))
    path = tmp_path / f"{form}.safetensors"
    convert(ours, table, path, to=form, dtype=torch.float32)
    before = weights(small)
    pipeline: Any = small.pipeline()
    pipeline.load_lora_weights(tmp_path, weight_name=path.name, adapter_name="ours")
    assert [told.message for told in caplog.records if "keys" in told.message.lower()] == []
    parts = {DENOISER: small.denoiser, **small.text_encoders}
    held = {part for part in {layer.part for layer in layers} if hasattr(parts[part], "peft_config")}
    assert held == {layer.part for layer in layers}
    names = {DENOISER: "transformer" if hasattr(pipeline, "transformer") else "unet"}
    pipeline.fuse_lora(components=[names.get(part, part) for part in held])
    pipeline.unload_lora_weights()
    fused = weights(small)
    for layer in layers:
        name = f"{layer.part}.{layer.path}.weight"
        wanted = before[name] + ours.changes[layer].delta(before[name])
        torch.testing.assert_close(fused[name], wanted, rtol=1e-4, atol=1e-5)
    changed = {name for name in before if not torch.equal(before[name], fused[name])}
    assert changed == {f"{layer.part}.{layer.path}.weight" for layer in layers}


def trained(layer: Layer, model: Model) -> bool:
    """The attention layers, which every trainer trains, of all parts that diffusers can load."""
    if layer.part == DENOISER:
        return layer.path.endswith(tuple(model.family.defaults.target_modules)) and "attn" in layer.path
    return layer.path.endswith(model.family.text_target_modules)


@pytest.mark.parametrize("form", [*FORMATS, "peft"])
@pytest.mark.parametrize("kind", ["LoRA", "DoRA", "LoHa", "LoKr", "(IA)³", "full"])
def test_writing_then_reading_is_the_identity(small: Model, tmp_path: Path, form: str, kind: str) -> None:
    if form != "kohya" and kind not in ("LoRA", "DoRA"):
        pytest.skip("diffusers and peft know no such file")
    table, dice = layer_table(small), torch.Generator().manual_seed(0)
    layers = [layer for layer in table.layers if trained(layer, small)]
    if form == "peft":
        layers = [layer for layer in layers if layer.part == DENOISER]
    ours = adapter("ours", {layer: random_change(kind, layer.shape, dice) for layer in layers})
    target = tmp_path / ("ours" if form == "peft" else "ours.safetensors")
    convert(ours, table, target, to=form, dtype=torch.float32)
    again = read_adapter(target / "adapter_model.safetensors" if form == "peft" else target, table)
    assert again.receipt.whole and again.changes.keys() == ours.changes.keys()
    for layer, change in ours.changes.items():
        weight = torch.ones(layer.shape)
        torch.testing.assert_close(again.changes[layer].delta(weight), change.delta(weight), rtol=0, atol=0)


def test_alpha_in_metadata_is_the_alpha_of_the_layers(small: Model, tmp_path: Path) -> None:
    table = layer_table(small)
    layers = [layer for layer in table.layers if trained(layer, small)]
    ours = adapter("ours", dict(random_factors(layers, rank=3, alpha=1.5)))
    path = tmp_path / "ours.safetensors"
    convert(ours, table, path, to="diffusers")
    with safe_open(path, "pt") as file:
        told = json.loads(file.metadata()["lora_adapter_metadata"])
    assert not any(key.endswith(".alpha") for key in load_file(path))
    assert {value for key, value in told.items() if key.endswith("lora_alpha")} == {1.5}
    again = read_adapter(path, table)
    assert {each.alpha for each in again.changes.values() if isinstance(each, Factors)} == {1.5}
