"""A base stored in four or eight bits: LoRAs are trained on it, fit the plain base, and are painted with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.adapters.beside import dequantised
from studio.adapters.layers import DENOISER
from studio.adapters.mixing import Mixer
from studio.adapters.naming import layer_table
from studio.adapters.reading import read_adapter
from studio.models.identify import identify
from studio.models.source import Source
from studio.models.storage._base import is_packed
from tests.families.small import write_small
from tests.generate.studio_run import Bench
from tests.train.studio_in_small import make_small

CPU = torch.device("cpu")


@pytest.mark.parametrize(("name", "storage"), [("flux", "nf4"), ("sdxl", "fp8"), ("sd3", "offload")])
def test_a_lora_learns_on_a_packed_base_and_is_painted_with(
    name: str, storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = make_small(tmp_path, pictures=1)
    base = write_small(name, small.workspace.models / "base")
    source = Source("folder", str(base), "base")
    family = identify(source)
    monkeypatch.setattr(type(family), "defaults", replace(family.defaults, steps=2))
    run = small.run(
        base="base", name="ours", storage=storage, learning_rate=0.02, steps=24, flip=False, warmup=0.0,
        timestep_from=0.4, timestep_to=0.6, gradient_checkpointing=True, batch_size=4,
    )  # fmt: skip
    small.train(run)
    losses = [line["loss"] for line in small.steps(run)]
    assert sum(losses[-6:]) < sum(losses[:6])

    plain = family.open(source, device=CPU, dtype=torch.float32)
    read = read_adapter(small.workspace.loras / "ours.safetensors", layer_table(plain))
    assert any(layer.part == DENOISER for layer in read.changes)

    bench = Bench(small.workspace, base)
    without, with_it = (
        bench.paint(
            prompt="dot", storage=storage, width=64, height=64, adapters=[{"name": "ours", "weight": weight}]
        )[0]
        for weight in (0.0, 2.0)
    )
    assert (np.abs(without.astype(int) - with_it) > 0).any()


@pytest.mark.parametrize("storage", ["nf4", "int8", "fp8", "offload"])
def test_painting_beside_a_packed_base_is_the_formula_on_what_it_stands_for(
    storage: str, tmp_path: Path
) -> None:
    small = make_small(tmp_path, pictures=1)
    base = write_small("flux", small.workspace.models / "base")
    small.train(small.run(base="base", name="ours", learning_rate=0.05, steps=2))
    source = Source("folder", str(base), "base")
    family = identify(source)
    stored, plain = (
        family.open(source, device=CPU, dtype=torch.float32, storage=each) for each in (storage, "plain")
    )
    told = plain.encode_prompts(["a dot"])
    packed = dict(stored.denoiser.named_modules())
    with torch.no_grad():
        for path, layer in plain.denoiser.named_modules():
            if isinstance(layer, torch.nn.Linear) and is_packed(packed[path].weight):
                layer.weight.copy_(dequantised(packed[path]))
    adapter_file = small.workspace.loras / "ours.safetensors"
    noisy, said = torch.randn(1, 16, 8, 8), []
    for model in (stored, plain):
        Mixer(model).apply([(read_adapter(adapter_file, layer_table(model)), 1.5)])
        with torch.no_grad():
            said.append(model.predict(noisy, torch.tensor([500]), told))
    assert torch.allclose(said[0], said[1], atol=1e-4)


def test_the_largest_text_encoder_is_packed_too_and_reads_nearly_the_same(tmp_path: Path) -> None:
    source = Source("folder", str(write_small("flux", tmp_path / "base")), "base")
    family = identify(source)
    read = {}
    for storage in ("plain", "int8"):
        model = family.open(source, device=CPU, dtype=torch.float16, storage=storage)
        with torch.no_grad():
            read[storage] = model.encode_prompts(["a fox"])["prompt_embeds"].float()
        t5 = model.pipeline().text_encoder_2
        packed = [
            layer for layer in t5.modules() if isinstance(layer, torch.nn.Linear) and is_packed(layer.weight)
        ]
        assert len(packed) == (0 if storage == "plain" else 7)
    assert torch.allclose(read["plain"], read["int8"], atol=0.05)


@pytest.mark.parametrize("storage", ["nf4", "int8"])
def test_a_packed_model_of_which_parts_come_when_called_says_the_same(storage: str, tmp_path: Path) -> None:
    source = Source("folder", str(write_small("flux", tmp_path / "base")), "base")
    said = []
    for frugal in (False, True):
        model = identify(source).open(source, device=CPU, dtype=torch.float32, storage=storage, frugal=frugal)
        noisy = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            said.append(model.predict(noisy, torch.tensor([500]), model.encode_prompts(["a fox"])))
    assert torch.equal(said[0], said[1])
