"""Writes a diffusers pipeline as one file in the original layout of Stable Diffusion 1.

The inverse of what diffusers does when it opens such a file, for the tests of that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from studio.adapters.original_names import original_names

IN_RESNET = {"norm1": "in_layers.0", "norm2": "out_layers.0"}


def write_checkpoint(pipeline: Any, path: Path) -> Path:
    """Write UNet, VAE and text encoder into one `.safetensors` file."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in pipeline.unet.state_dict().items():
        tensors[f"model.diffusion_model.{unet_name(name, pipeline.unet)}"] = tensor
    for name, tensor in pipeline.vae.state_dict().items():
        square = "attentions" in name and name.endswith("weight") and tensor.ndim == 2
        tensors[f"first_stage_model.{vae_name(name)}"] = tensor[:, :, None, None] if square else tensor
    for name, tensor in pipeline.text_encoder.state_dict().items():
        tensors[f"cond_stage_model.transformer.text_model.{name.removeprefix('text_model.')}"] = tensor
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)
    return path


def unet_name(name: str, unet: Any) -> str:
    """`down_blocks.0.resnets.0.conv1.weight` is `input_blocks.1.0.in_layers.2.weight`."""
    if name.startswith("conv_norm_out"):
        return name.replace("conv_norm_out", "out.0")
    path, _, role = name.rpartition(".")
    layers = {key.rpartition(".")[0] for key in unet.state_dict()}
    norm = re.search(r"resnets\.\d+\.(norm[12])$", path)
    if norm:
        beside = path.replace(norm[1], f"conv{norm[1][-1]}")
        block = original_names(layers)[beside].rsplit(".", 2)[0]
        return f"{block}.{IN_RESNET[norm[1]]}.{role}"
    return f"{original_names(layers)[path]}.{role}"


def vae_name(name: str) -> str:
    """`decoder.up_blocks.0.…` is `decoder.up.3.…`: the original counts from the picture's side."""
    name = re.sub(r"up_blocks\.(\d)", lambda match: f"up.{3 - int(match[1])}", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", name)
    for ours, theirs in (
        ("down_blocks.", "down."),
        ("mid_block.attentions.0", "mid.attn_1"),
        ("downsamplers.0", "downsample"),
        ("upsamplers.0", "upsample"),
        ("resnets.", "block."),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
        ("group_norm", "norm"),
        ("to_out.0", "proj_out"),
        ("to_q", "q"),
        ("to_k", "k"),
        ("to_v", "v"),
    ):
        name = name.replace(ours, theirs)
    return name
