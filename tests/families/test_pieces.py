"""A transformer's file alone, with VAE and text encoders beside it, as people with ComfyUI have them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from studio.errors import ModelError
from studio.families._pieces import tensors_under
from studio.families.sd1 import CONFIGS
from studio.models.identify import identify
from studio.models.source import Source
from tests.families.small import t5, write_small
from tests.families.test_families import in_one_file

CPU: dict[str, Any] = {"device": torch.device("cpu"), "dtype": torch.float32}
TEXTS = {
    "flux": {"clip_l": "text_encoder", "t5xxl": "text_encoder_2"},
    "z-image": {"qwen3_4b": "text_encoder"},
    "flux2-klein-4b": {"qwen3_4b": "text_encoder"},
}


def apart(name: str, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """The small model's transformer in a file, its VAE and text encoders in files in folders beside that."""
    whole = in_one_file(name, folder, home / "whole.safetensors", monkeypatch)
    places = {"model.diffusion_model.": "klein.safetensors", "vae.": "vae/any-name.safetensors"}
    places |= {
        f"text_encoders.{text}.transformer.": f"text_encoders/{text}.safetensors" for text in TEXTS[name]
    }
    pieces: dict[str, dict[str, Tensor]] = {place: {} for place in places.values()}
    for key, tensor in load_file(whole.path).items():
        prefix = next(prefix for prefix in places if key.startswith(prefix))
        pieces[places[prefix]][key.removeprefix(prefix)] = tensor
    whole.path.unlink()
    for place, tensors in pieces.items():
        (home / place).parent.mkdir(exist_ok=True)
        save_file(tensors, home / place)
    return Source("file", str(home / "klein.safetensors"), "klein")


@pytest.mark.parametrize("name", TEXTS)
def test_a_transformer_alone_finds_the_rest_beside_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_small(name, tmp_path / "small")
    source = apart(name, folder, tmp_path / "models", monkeypatch)
    family = identify(source)
    assert family.name == name
    ours: Any = family.open(source, **CPU).pipeline()
    theirs: Any = family.open(Source("folder", str(folder), "small"), **CPU).pipeline()
    for part in ("transformer", "vae", *TEXTS[name].values()):
        own = getattr(ours, part).state_dict()
        for key, weight in getattr(theirs, part).state_dict().items():
            assert torch.equal(own[key], weight), f"{part}.{key}"
    for text in TEXTS[name]:
        (tmp_path / "models" / "text_encoders" / f"{text}.safetensors").unlink()
        with pytest.raises(ModelError, match="text_encoders"):
            family.open(source, **CPU)


def test_schnell_is_told_from_dev_by_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = apart("flux", write_small("flux", tmp_path / "small"), tmp_path / "models", monkeypatch)
    left = {key: tensor for key, tensor in load_file(source.path).items() if "guidance_in" not in key}
    save_file(left, source.path)
    family = identify(source)
    assert (family.title, family.defaults.steps) == ("FLUX.1 schnell", 4)
    home = tmp_path / "models" / "configs"
    shutil.copytree(CONFIGS / "flux-schnell" / "scheduler", home / "scheduler", dirs_exist_ok=True)
    monkeypatch.setattr(family, "configs", home)
    model = family.open(source, **CPU)
    assert model.schedule().config.shift == 1.0
    assert not model.schedule().config.use_dynamic_shifting


def test_sd3_reads_with_a_t5_where_one_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, models = write_small("sd3", tmp_path / "small"), tmp_path / "models"
    source = in_one_file("sd3", folder, models / "sd3.safetensors", monkeypatch)
    family = identify(source)
    with torch.no_grad():
        told = family.open(source, **CPU).encode_prompts(["a fox"])["prompt_embeds"]
    assert not told[:, -256:].any()
    encoder, tokenizer = t5("sd3", "text_encoder_3")
    encoder.config.save_pretrained(models / "configs" / "text_encoder_3")
    (models / "text_encoders").mkdir()
    weights = {
        name: tensor.clone() for name, tensor in encoder.state_dict().items() if "embed_tokens" not in name
    }
    save_file(weights, models / "text_encoders" / "t5xxl_fp16.safetensors")
    tokenizer.save_pretrained(models / "t5")
    model: Any = family.open(source, **CPU)
    assert model.pipeline().text_encoder_3 is not None
    with torch.no_grad():
        told = model.encode_prompts(["a fox"])["prompt_embeds"]
    assert told[:, -256:].any()


def packed(weight: Tensor, how: str) -> dict[str, Tensor]:
    """A weight in fp8 as files have it; what is beside it, by the end of its name."""
    scale = weight.abs().max() / 448
    small = (weight / scale).to(torch.float8_e4m3fn)
    if how == "plain":
        return {"weight": weight.to(torch.float8_e4m3fn)}
    if how == "scaled":
        return {"weight": small, "scale_weight": scale, "scale_input": torch.ones(())}
    kind = torch.tensor(list(json.dumps({"format": "float8_e4m3fn"}).encode()), dtype=torch.uint8)
    return {"weight": small, "weight_scale": scale, "comfy_quant": kind}


@pytest.mark.parametrize("how", ["plain", "scaled", "marked"])
def test_a_file_in_fp8_is_read_with_its_scales(how: str, tmp_path: Path) -> None:
    weight, norm = torch.randn(8, 16) * (1 if how == "plain" else 0.001), torch.randn(8)
    file = tmp_path / "t5xxl_fp8.safetensors"
    layer = {f"block.0.wo.{end}": tensor for end, tensor in packed(weight, how).items()}
    save_file({**layer, "norm.weight": norm, "scaled_fp8": torch.zeros(2).to(torch.float8_e4m3fn)}, file)
    read = tensors_under(file, "", torch.float32)
    assert set(read) == {"block.0.wo.weight", "norm.weight"}
    assert torch.allclose(read["block.0.wo.weight"], weight, rtol=0.07, atol=float(weight.abs().max()) / 400)
    assert torch.equal(read["norm.weight"], norm)


def test_a_file_that_is_packed_otherwise_is_told(tmp_path: Path) -> None:
    kind = torch.tensor(list(b'{"format": "nvfp4"}'), dtype=torch.uint8)
    file = tmp_path / "new.safetensors"
    save_file({"a.weight": torch.zeros(2, 2, dtype=torch.uint8), "a.comfy_quant": kind}, file)
    with pytest.raises(ModelError, match=r"new\.safetensors is packed as nvfp4"):
        tensors_under(file, "", torch.float32)
