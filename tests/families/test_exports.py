"""A LoRA of each family in diffusers' own pipeline: every key is known there, and means the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from studio.adapters.factors import Factors
from studio.adapters.keying import kohya_changes, peft_tensors
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.naming import LayerTable, clip_path, layer_table
from studio.adapters.reading import read_adapter
from studio.adapters.writing import write_adapter
from studio.models.identify import identify
from studio.models.source import Source
from studio.networks._targets import chosen_layers
from tests.adapters.loras import random_factors
from tests.families.small import SMALL, write_small


def trained_layers(model: Any, *, text: bool) -> list[Layer]:
    """Those that a training changes by default."""
    every = layer_table(model).layers
    chosen: list[Layer] = []
    for part in (DENOISER, *(model.text_encoders if text else ())):
        shapes = {layer.path: layer.shape for layer in every if layer.part == part}
        paths = set(chosen_layers(model.family, part, shapes, blocks="", wide=False))
        chosen += [layer for layer in every if layer.part == part and layer.path in paths]
    return chosen


def in_diffusers(pipeline: Any, layer: Layer) -> Any:
    """The layer of a pipeline that peft has wrapped, whatever the encoder's paths begin with there."""
    name = ("unet" if hasattr(pipeline, "unet") else "transformer") if layer.part == DENOISER else layer.part
    root = getattr(pipeline, name)
    known = dict(root.named_modules())
    return known.get(layer.path) or known[clip_path(layer.path)]


BY_SIZE = "single_transformer_blocks."
"""Of FLUX.1's, diffusers knows kohya's rows at full size only; a test of their own has that."""


@pytest.mark.parametrize("name", SMALL)
def test_diffusers_reads_every_key_and_means_the_same(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import diffusers

    folder = write_small(name, tmp_path / "base")
    source = Source("folder", str(folder), "base")
    model = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    layers = trained_layers(model, text=name != "sd3")
    small = [layer for layer in layers if name != "flux" or not layer.path.startswith(BY_SIZE)]
    changes: dict[Layer, Factors] = random_factors(small, size=0.02)
    path, table = tmp_path / "ours.safetensors", layer_table(model)
    write_adapter(path, kohya_changes(changes, table), {}, dtype=torch.float32)
    assert set(read_adapter(path, table).changes) >= set(changes)
    if name == "sd3":  # whose kohya keys diffusers does not know: its own format is one command away
        even = {
            layer: Factors(one.down, one.up * one.scale, float(one.rank)) for layer, one in changes.items()
        }
        save_file(peft_tensors(even, {DENOISER: "transformer."}), path)

    none = dict.fromkeys(getattr(model.family, "t5", {}))
    pipeline: Any = diffusers.DiffusionPipeline.from_pretrained(folder, **none)
    diffusers.utils.logging.enable_propagation()
    try:
        pipeline.load_lora_weights(tmp_path, weight_name=path.name, adapter_name="ours")
    finally:
        diffusers.utils.logging.disable_propagation()
    assert not [told for told in caplog.messages if "keys" in told and "safe to ignore" not in told]
    for layer, change in changes.items():
        theirs = in_diffusers(pipeline, layer).get_delta_weight("ours")
        ours = change.delta(torch.empty(layer.shape))
        assert torch.allclose(theirs, ours, atol=1e-4), layer.path


def test_diffusers_reads_a_single_block_of_flux_at_full_size() -> None:
    from diffusers import FluxPipeline

    block = f"{BY_SIZE}0."
    sizes = {"attn.to_q": 3072, "attn.to_k": 3072, "attn.to_v": 3072, "proj_mlp": 12288}
    layers = [Layer(DENOISER, f"{block}{name}", (rows, 3072)) for name, rows in sizes.items()]
    changes = random_factors(layers[:3], size=0.02)
    told = kohya_changes(changes, LayerTable("FLUX", layers, {}))
    file = {f"{key}.{end}": tensor for key, each in told.items() for end, tensor in each.tensors().items()}
    read: Any = FluxPipeline.lora_state_dict(file)
    for layer, change in changes.items():
        up, down = (read[f"transformer.{layer.path}.lora_{half}.weight"].float() for half in "BA")
        assert torch.allclose(up @ down, change.delta(torch.empty(layer.shape)), atol=1e-4)
