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

from studio.adapters.factors import Delta
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


@pytest.fixture(scope="module", params=SMALL)
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The small model of a family, opened once for all tests of it."""
    folder = tmp_path_factory.mktemp(request.param)
    return open_model(str(write_small(request.param, folder / "base")), Workspace.open(folder / "studio"))


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


def test_diffusers_reads_its_own_format_whole_and_comes_to_the_same_weights(
    small: Model, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import diffusers

    table = layer_table(small)
    layers = [layer for layer in table.layers if trained(layer, small)]
    ours = adapter("ours", dict(random_factors(layers, alpha=2.0, size=0.05)))
    convert(ours, table, tmp_path / "ours.safetensors", to="diffusers", dtype=torch.float32)
    with safe_open(tmp_path / "ours.safetensors", "pt") as file:
        assert file.metadata()["modelspec.merged_from"] == "ours"
        told = json.loads(file.metadata()["lora_adapter_metadata"])
    assert {value for key, value in told.items() if key.endswith("lora_alpha")} == {2.0}
    pipeline: Any = small.pipeline()
    diffusers.utils.logging.enable_propagation()
    try:
        pipeline.load_lora_weights(tmp_path, weight_name="ours.safetensors", adapter_name="ours")
        assert [said for said in caplog.messages if "keys" in said] == []
        parts: dict[str, Any] = {DENOISER: small.denoiser, **small.text_encoders}
        for layer in layers:
            theirs = parts[layer.part].get_submodule(layer.path).get_delta_weight("ours")
            wanted = ours.changes[layer].delta(torch.empty(layer.shape))
            torch.testing.assert_close(theirs, wanted, rtol=1e-4, atol=1e-5)
    finally:
        diffusers.utils.logging.disable_propagation()
        pipeline.unload_lora_weights()


def trained(layer: Layer, model: Model) -> bool:
    """The attention layers, which every trainer trains, of all parts that diffusers can load."""
    if layer.part == DENOISER:
        return layer.path.endswith(model.family.defaults.target_modules) and "att" in layer.path
    return type(model.text_encoders[layer.part]).__name__.startswith("CLIP") and layer.path.endswith(
        model.family.text_target_modules
    )


FORMS = (
    *(("kohya", kind) for kind in ("LoRA", "DoRA", "LoHa", "LoKr", "(IA)³", "full")),
    *((form, kind) for form in ("diffusers", "peft") for kind in ("LoRA", "DoRA")),
)


def test_writing_then_reading_is_the_identity(small: Model, tmp_path: Path) -> None:
    table, dice = layer_table(small), torch.Generator().manual_seed(0)
    found = {
        (layer.part, layer.path.rpartition(".")[2]): layer for layer in table.layers if trained(layer, small)
    }
    for form, kind in FORMS:
        layers = [layer for layer in found.values() if form != "peft" or layer.part == DENOISER]
        ours = adapter("ours", {layer: random_change(kind, layer.shape, dice) for layer in layers})
        target = tmp_path / (f"{kind} peft" if form == "peft" else f"{kind} {form}.safetensors")
        convert(ours, table, target, to=form, dtype=torch.float32)
        again = read_adapter(target / "adapter_model.safetensors" if form == "peft" else target, table)
        assert again.receipt.whole, (form, kind)
        for layer, change in ours.changes.items():
            weight = torch.ones(layer.shape)
            same = torch.equal(again.changes[layer].delta(weight), change.delta(weight))
            assert same, (form, kind, layer.path)
        for layer in again.changes.keys() - ours.changes.keys():  # joined with others in kohya's names
            assert not again.changes[layer].delta(torch.ones(layer.shape)).any()
