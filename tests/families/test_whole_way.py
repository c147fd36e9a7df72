"""For every family: train, stop and go on, export, read back, paint with it; others' adapters are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.adapters.header import read_header
from studio.adapters.naming import layer_table
from studio.adapters.reading import read_adapter
from studio.errors import AdapterError, Cancelled
from studio.models.identify import identify
from studio.models.source import Source
from tests.families.small import SMALL, write_small
from tests.generate.studio_run import Bench
from tests.train.studio_in_small import StoppedAfter, make_small

KEYS = {
    "sd1": ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", "lora_te_text_model_"),
    "sd2": ("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q", "lora_te_text_model_"),
    "flux": ("lora_unet_double_blocks_0_img_attn_qkv", "lora_te1_text_model_"),
    "sd3": ("lora_unet_joint_blocks_0_x_block_attn_qkv", "lora_te2_text_model_"),
    "z-image": ("diffusion_model.layers.0.attention.to_q", ""),
    "flux2-klein-4b": ("lora_unet_double_blocks_0_img_attn_qkv", ""),
    "sdxl": ("lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q", "lora_te2_text_model_"),
}
"""A layer of the denoiser and what a text encoder's begin with, as the family's users know them."""


@pytest.mark.parametrize("name", SMALL)
def test_from_pictures_to_a_lora_that_paints(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = make_small(tmp_path, pictures=2)
    base = write_small(name, small.workspace.models / "base")
    family = identify(Source("folder", str(base), "base"))
    monkeypatch.setattr(type(family), "defaults", replace(family.defaults, steps=2))
    settings = {"base": "base", "learning_rate": 0.02, "text_learning_rate": 1e-3, "flip": False}

    small.train(small.run(name="whole", **settings))
    broken = small.run(name="broken", **settings)
    with pytest.raises(Cancelled):
        small.train(broken, StoppedAfter(small, broken, 2))
    (broken.folder(small.workspace) / "stop").unlink()
    small.train(broken)

    headers = [read_header(small.workspace.loras / f"{each}.safetensors") for each in ("whole", "broken")]
    assert len({header.metadata["sshs_model_hash"] for header in headers}) == 1
    metadata, keys = headers[0].metadata, set(headers[0].tensors)
    assert metadata["modelspec.architecture"] == f"{family.architecture}/lora"
    assert metadata["ss_base_model_version"] == family.base_version
    layer, encoder = KEYS[name]
    assert f"{layer}.lora_down.weight" in keys
    assert any(key.startswith(encoder) for key in keys)

    bench = Bench(small.workspace, base)
    without, with_it = (
        bench.paint(prompt="sks dot", width=64, height=64, adapters=[{"name": "whole", "weight": weight}])[0]
        for weight in (0.0, 2.0)
    )
    assert without.shape == (64, 64, 3)
    assert (np.abs(without.astype(int) - with_it) > 0).any()

    other = next(each for each in SMALL if each != name)
    source = Source("folder", str(write_small(other, tmp_path / "other")), "other")
    theirs = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    with pytest.raises(AdapterError, match="whole"):
        read_adapter(small.workspace.loras / "whole.safetensors", layer_table(theirs))
