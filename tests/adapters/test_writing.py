from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from studio.adapters.factors import Factors
from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import layer_table
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError
from studio.families._base import Model
from tests.adapters.loras import keyed, make_lora, random_factors, read_lora, weights

FACTS = AdapterFacts(
    title="Ink",
    architecture="stable-diffusion-v1",
    base_version="sd_v1",
    base="pocket",
    base_hash="ab" * 32,
    trigger="sks",
    rank=3,
    alpha=2.0,
    resolution=512,
    pictures=8,
    steps=300,
    learning_rate=1e-4,
)
ONE = {"lora_unet_x": Factors(torch.ones(2, 4), torch.ones(4, 2), 1.5)}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_is_written_is_read_back_whole(tmp_path: Path, model: Model, dtype: torch.dtype) -> None:
    factors = random_factors(layer_table(model).layers, alpha=0.7)
    path = tmp_path / "all.safetensors"
    write_adapter(path, keyed(factors), FACTS.to_metadata(), dtype=dtype)
    adapter = read_lora(path, model)

    assert adapter.changes.keys() == factors.keys()
    for layer, written in factors.items():
        read = adapter.changes[layer]
        assert torch.equal(read.down, written.down.to(dtype))
        assert torch.equal(read.up, written.up.to(dtype))
        assert read.alpha == pytest.approx(0.7)
    assert adapter.receipt.facts == FACTS
    assert adapter.receipt.ranks == (3,)
    assert adapter.receipt.matched == {
        part: sum(layer.part == part for layer in factors) for part in ("denoiser", "text_encoder")
    }


def test_a_file_has_kohyas_keys_an_alpha_for_each_layer_and_its_hash(tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    said = write_adapter(path, ONE, FACTS.to_metadata({"ss_tag_frequency": "{}"}))
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        assert set(file.keys()) == {
            f"lora_unet_x.{end}" for end in ("lora_down.weight", "lora_up.weight", "alpha")
        }
        assert file.get_tensor("lora_unet_x.alpha").item() == 1.5
        assert file.get_tensor("lora_unet_x.lora_down.weight").dtype == torch.float16
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    assert metadata["sshs_model_hash"] == hashlib.sha256(content[start:]).hexdigest() == said
    assert metadata["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert metadata["modelspec.trigger_phrase"] == "sks"
    assert metadata["ss_tag_frequency"] == "{}"
    assert json.loads(metadata["ss_network_alpha"]) == 2
    assert metadata["ss_resolution"] == "(512, 512)"


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "one.safetensors"
    path.write_bytes(b"precious")
    with pytest.raises(AdapterError, match=r"one\.safetensors exists already"):
        write_adapter(path, ONE, {})
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("broken", [float("nan"), 1e6])
def test_weights_that_are_no_numbers_are_not_written(tmp_path: Path, broken: float) -> None:
    factors = {"lora_unet_x": Factors(torch.full((2, 4), broken), torch.ones(4, 2), 1.0)}
    with pytest.raises(AdapterError, match="not finite"):
        write_adapter(tmp_path / "one.safetensors", factors, {})
    assert list(tmp_path.iterdir()) == []


def test_diffusers_takes_every_key_of_our_file_and_comes_to_the_same_weights(
    tmp_path: Path, model: Model
) -> None:
    path = make_lora(tmp_path / "ours.safetensors", model)
    before = weights(model)
    adapter = read_lora(path, model)
    pipeline = model.pipeline()
    pipeline.load_lora_weights(tmp_path, weight_name=path.name, adapter_name="ours")
    pipeline.fuse_lora(components=["unet", "text_encoder"])
    pipeline.unload_lora_weights()
    fused = weights(model)

    changed = {name for name in before if not torch.equal(before[name], fused[name])}
    assert changed == {f"{layer.part}.{layer.path}.weight" for layer in adapter.changes}
    for layer, factors in adapter.changes.items():
        name = f"{layer.part}.{layer.path}.weight"
        torch.testing.assert_close(
            fused[name], before[name] + factors.delta(before[name]), atol=1e-5, rtol=1e-4
        )
