"""Every trainer's names, for every family, lead to the same layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.adapters.layers import DENOISER, Layer, Place, layers_of
from studio.adapters.naming import LayerTable, clip_path, kohya_key
from studio.adapters.original_names import original_names
from studio.adapters.original_transformers import joined_layers
from studio.adapters.reading import read_adapter
from tests.adapters.families import COMFY, TEXT, denoiser, table

FAMILIES = tuple(TEXT)
A, DOWN = (".lora_A.weight", ".lora_B.weight"), (".lora_down.weight", ".lora_up.weight")
Named = Iterator[tuple[str, Place]]


def whole(family: str, part: str) -> Iterator[Layer]:
    return (layer for layer in table(family).layers if (layer.part == DENOISER) == (part == DENOISER))


def original(family: str) -> Named:
    """The denoiser in the names of its original code."""
    layers = {layer.path: layer for layer in whole(family, DENOISER)}
    for path, name in original_names(layers).items():
        yield name, Place(layers[path].shape, ((layers[path], ()),))
    xlabs = ("lora1", "lora2", ".qkv", ".proj")
    for name, joined in joined_layers(layers).items():
        if not (name.startswith(("double", "single")) and name.endswith(xlabs)) or "attn" in name:
            place = table(family).find(name)
            assert place is not None and {layer.path for layer, _ in place.parts} == set(joined.paths)
            yield name, place


def place(layer: Layer) -> Place:
    return Place(layer.shape, ((layer, ()),))


def component(family: str) -> str:
    return "transformer" if family in ("sd3", "flux") else "unet"


def diffusers(family: str) -> Named:
    for layer in table(family).layers:
        yield f"{component(family) if layer.part == DENOISER else layer.part}.{layer.path}", place(layer)


def kohya(family: str) -> Named:
    if family in ("sd1", "sd2"):
        yield from ((kohya_key("lora_unet", layer.path), place(layer)) for layer in whole(family, DENOISER))
    else:
        yield from ((kohya_key("lora_unet", name), each) for name, each in original(family))
    for layer in whole(family, "text"):
        yield kohya_key(TEXT[family][layer.part], layer.path), place(layer)


def kohya_by_diffusers_blocks(family: str) -> Named:
    for layer in table(family).layers:
        prefix = "lora_unet" if layer.part == DENOISER else TEXT[family][layer.part]
        yield kohya_key(prefix, layer.path), place(layer)


def one_trainer(family: str) -> Named:
    for layer in table(family).layers:
        denoiser_prefix = f"lora_{component(family)}"
        prefix = denoiser_prefix if layer.part == DENOISER else TEXT[family][layer.part]
        prefix = "lora_te1" if prefix == "lora_te" else prefix
        yield kohya_key(prefix, layer.path), place(layer)


def comfy(family: str) -> Named:
    yield from ((f"diffusion_model.{name}", each) for name, each in original(family))
    clip = dict(zip(TEXT[family], COMFY[family], strict=True))
    for layer in whole(family, "text"):
        yield f"text_encoders.{clip[layer.part]}.transformer.{clip_path(layer.path)}", place(layer)


def peft(family: str) -> Named:
    yield from ((f"base_model.model.{layer.path}", place(layer)) for layer in whole(family, DENOISER))


def bare_originals(family: str) -> Named:
    """The names of Black Forest Labs' and other authors' own files."""
    yield from original(family)


TRAINERS: dict[str, tuple[Callable[[str], Named], tuple[str, str]]] = {
    "kohya": (kohya, DOWN),
    "kohya, diffusers' blocks": (kohya_by_diffusers_blocks, DOWN),
    "diffusers": (diffusers, A),
    "old diffusers": (diffusers, (".lora.down.weight", ".lora.up.weight")),
    "peft": (peft, A),
    "ComfyUI": (comfy, DOWN),
    "OneTrainer": (one_trainer, DOWN),
    "ai-toolkit": (diffusers, A),
    "original names": (bare_originals, A),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("trainer", TRAINERS)
def test_each_layer_gets_the_change_that_the_file_says(tmp_path: Path, family: str, trainer: str) -> None:
    names, ends = TRAINERS[trainer]
    dice = torch.Generator().manual_seed(0)
    tensors: dict[str, Tensor] = {}
    wanted: dict[Layer, Tensor] = {}
    for name, where in names(family):
        out, *inside = where.shape
        down = torch.randn(2, *inside, generator=dice)
        up = torch.randn(out, 2, *(1 for _ in inside[1:]), generator=dice)
        tensors |= {name + ends[0]: down, name + ends[1]: up, f"{name}.alpha": torch.tensor(3.0)}
        dense = (up.flatten(1).double() @ down.flatten(1).double()) * 1.5
        for layer, rows in where.parts:
            part = torch.cat([dense[row] for row in rows]) if rows else dense
            wanted[layer] = part.reshape(layer.shape)
    path = tmp_path / "theirs.safetensors"
    save_file(tensors, path)
    adapter = read_adapter(path, table(family))

    assert adapter.receipt.whole
    assert adapter.changes.keys() == wanted.keys()
    for layer, change in adapter.changes.items():
        told = change.delta(torch.zeros(layer.shape)).double()
        torch.testing.assert_close(told, wanted[layer], rtol=1e-5, atol=1e-5)
    seen = adapter.receipt.family
    assert seen == family or (seen == "" and family in ("sd1", "sd2", "sdxl"))  # known there by the width


def test_the_original_layers_of_sd3_are_those_that_diffusers_converts() -> None:
    from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers

    names = dict(original("sd3"))
    checkpoint = {f"{name}.weight": numbered(each.shape, i) for i, (name, each) in enumerate(names.items())}
    checkpoint |= {f"{name}.bias": numbered((each.shape[0],), 0) for name, each in names.items()}
    norms = [f"{block}_block.attn.ln_{each}" for block in ("x", "context") for each in "qk"]
    for block in range(3):
        for norm in (*norms, *(("x_block.attn2.ln_q", "x_block.attn2.ln_k") if block < 2 else ())):
            checkpoint[f"joint_blocks.{block}.{norm}.weight"] = torch.ones(1)
    checkpoint["pos_embed"] = torch.ones(1)
    check(convert_sd3_transformer_checkpoint_to_diffusers, names, checkpoint)


def test_the_original_layers_of_flux_are_those_that_diffusers_converts() -> None:
    from diffusers import FluxTransformer2DModel
    from diffusers.loaders.single_file_utils import convert_flux_transformer_checkpoint_to_diffusers

    with torch.device("meta"):  # the converter takes the real width for granted
        model = FluxTransformer2DModel(num_layers=1, num_single_layers=1, guidance_embeds=True)
    real = LayerTable("FLUX", layers_of(DENOISER, model), {})
    paths = {layer.path for layer in real.layers}
    names = {name: each for name in joined_layers(paths) if (each := real.find(name)) and "lora" not in name}
    names = {name: each for name, each in names.items() if not name.endswith((".0.qkv", ".0.proj"))}
    checkpoint = {f"{name}.weight": numbered((p.shape[0], 1), i) for i, (name, p) in enumerate(names.items())}
    checkpoint |= {f"{name}.bias": numbered((each.shape[0],), 0) for name, each in names.items()}
    for norm in ("query_norm", "key_norm"):
        for where in ("double_blocks.0.img_attn", "double_blocks.0.txt_attn", "single_blocks.0"):
            checkpoint[f"{where}.norm.{norm}.scale"] = torch.ones(1)
    check(convert_flux_transformer_checkpoint_to_diffusers, names, checkpoint)


def numbered(shape: tuple[int, ...], start: int) -> Tensor:
    """A tensor of which every row is known again."""
    rows = torch.arange(shape[0], dtype=torch.float32) + 100_000 * start
    return rows.reshape(-1, *(1 for _ in shape[1:])).expand(shape).clone()


def check(convert: Any, names: dict[str, Place], checkpoint: dict[str, Tensor]) -> None:
    """Every layer that diffusers makes of the checkpoint has the rows that the place names."""
    before = dict(checkpoint)
    converted = convert(checkpoint)
    covered = set()
    for name, where in names.items():
        theirs = before[f"{name}.weight"]
        for layer, rows in where.parts:
            ours = torch.cat([theirs[row] for row in rows]) if rows else theirs
            assert torch.equal(converted[f"{layer.path}.weight"], ours), layer.path
            covered.add(f"{layer.path}.weight")
    assert {key for key in converted if key.endswith(".weight") and "norm_" not in key} <= covered | {
        key for key in converted if "attn.norm" in key or "attn2.norm" in key
    }


@pytest.mark.parametrize("family", ("sd3", "flux"))
def test_the_tables_belong_to_the_real_classes(family: str) -> None:
    with torch.device("meta"):
        paths = {layer.path for layer in layers_of(DENOISER, denoiser(family))}
    named = {path for joined in joined_layers(paths).values() for path in joined.paths}
    assert paths <= named


def test_old_attention_processors_are_understood(tmp_path: Path) -> None:
    tensors: dict[str, Tensor] = {}
    for role in ("to_q", "to_k", "to_v", "to_out"):
        name = f"unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.{role}_lora"
        tensors |= {f"{name}.down.weight": torch.ones(1, 32), f"{name}.up.weight": torch.ones(32, 1)}
    name = "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer"
    tensors |= {f"{name}.down.weight": torch.ones(1, 12), f"{name}.up.weight": torch.ones(12, 1)}
    name = "text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora"
    tensors |= {f"{name}.down.weight": torch.ones(1, 12), f"{name}.up.weight": torch.ones(12, 1)}
    save_file(tensors, tmp_path / "old.safetensors")
    adapter = read_adapter(tmp_path / "old.safetensors", table("sd1"))
    assert {layer.path.split(".", 4)[-1] for layer in adapter.changes if layer.part == DENOISER} == {
        "0.attn1.to_q",
        "0.attn1.to_k",
        "0.attn1.to_v",
        "0.attn1.to_out.0",
    }
    assert {layer.path.rpartition(".")[2] for layer in adapter.changes if layer.part != DENOISER} == {
        "q_proj",
        "out_proj",
    }


def test_xlabs_files_for_flux_are_understood(tmp_path: Path) -> None:
    tensors: dict[str, Tensor] = {}
    for name, out in (("qkv_lora1", 48), ("qkv_lora2", 48), ("proj_lora1", 16), ("proj_lora2", 16)):
        key = f"double_blocks.1.processor.{name}"
        tensors |= {f"{key}.down.weight": torch.ones(2, 16), f"{key}.up.weight": torch.ones(out, 2)}
    save_file(tensors, tmp_path / "xlabs.safetensors")
    adapter = read_adapter(tmp_path / "xlabs.safetensors", table("flux"))
    assert {layer.path.partition(".attn.")[2] for layer in adapter.changes} == {
        *("to_q", "to_k", "to_v", "add_q_proj", "add_k_proj", "add_v_proj", "to_out.0", "to_add_out")
    }


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_every_precision_is_read(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "any.safetensors"
    down, up = (torch.randn(2, 16).to(getattr(torch, dtype)), torch.randn(32, 2).to(getattr(torch, dtype)))
    name = "lora_unet_down_blocks_1_resnets_0_time_emb_proj"
    shape = next(e.shape for e in table("sd1").layers if kohya_key("lora_unet", e.path) == name)
    down, up = down.float().repeat(1, shape[1] // 16).to(down.dtype), up
    save_file({f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}, path)
    (change,) = read_adapter(path, table("sd1")).changes.values()
    torch.testing.assert_close(change.delta(torch.zeros(shape)), up.float() @ down.float())
