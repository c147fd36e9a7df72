"""Writes a diffusers pipeline as one file in the original layout of its family.

The inverse of what diffusers does when it opens such a file, for the tests of that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from studio.adapters.original_names import original_names
from studio.adapters.original_transformers import joined_layers

IN_RESNET = {"norm1": "in_layers.0", "norm2": "out_layers.0"}
TEXTS = {
    "pocket": {"text_encoder": "cond_stage_model.transformer."},
    "sd1": {"text_encoder": "cond_stage_model.transformer."},
    "sd2": {"text_encoder": "cond_stage_model.model."},
    "sd3": {
        "text_encoder": "text_encoders.clip_l.transformer.",
        "text_encoder_2": "text_encoders.clip_g.transformer.",
    },
    "flux": {
        "text_encoder": "text_encoders.clip_l.transformer.",
        "text_encoder_2": "text_encoders.t5xxl.transformer.",
    },
    "z-image": {"text_encoder": "text_encoders.qwen3_4b.transformer.model."},
    "flux2-klein-4b": {"text_encoder": "text_encoders.qwen3_4b.transformer.model."},
    "sdxl": {
        "text_encoder": "conditioner.embedders.0.transformer.",
        "text_encoder_2": "conditioner.embedders.1.model.",
    },
}
"""How the text encoders' names begin; those with "model." are OpenCLIP's."""
VAE = dict.fromkeys(("flux", "z-image", "flux2-klein-4b"), "vae.")
OTHERS = re.compile(r"lora|single_blocks\.\d+\.(qkv|proj)$")  # other trainers' names for the same layers
OPEN_CLIP = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}


def write_checkpoint(pipeline: Any, path: Path, family: str = "sd1") -> Path:
    """Write UNet, VAE and text encoders into one `.safetensors` file."""
    tensors: dict[str, Tensor] = {}
    for name, tensor in denoiser(pipeline).items():
        tensors[f"model.diffusion_model.{name}"] = tensor
    for name, tensor in pipeline.vae.state_dict().items():
        square = "attentions" in name and name.endswith("weight") and tensor.ndim == 2
        tensors[f"{VAE.get(family, 'first_stage_model.')}{vae_name(name)}"] = (
            tensor[:, :, None, None] if square else tensor
        )
    for part, prefix in TEXTS[family].items():
        weights = getattr(pipeline, part).state_dict()
        if "clip" in prefix or "stage" in prefix or "embedders" in prefix:
            weights = {_full(name): tensor for name, tensor in weights.items()}
        told = open_clip(weights) if prefix.endswith(".model.") and "qwen" not in prefix else weights
        tensors |= {prefix + name: tensor for name, tensor in told.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, path)
    return path


def denoiser(pipeline: Any) -> dict[str, Tensor]:
    """The weights of a UNet or a transformer by their original names."""
    if hasattr(pipeline, "unet"):
        unet = pipeline.unet
        return {unet_name(name, unet): tensor for name, tensor in unet.state_dict().items()}
    weights = pipeline.transformer.state_dict()
    named = next(rule for mark, rule in NORMS.items() if mark in weights)
    told = {named(name): tensor for name, tensor in weights.items() if named(name)}
    for name, (paths, swapped) in joined_layers({path.rpartition(".")[0] for path in weights}).items():
        for role in ("weight", "bias") if not OTHERS.search(name) else ():
            if f"{paths[0]}.{role}" in weights:
                every = torch.cat([weights[f"{path}.{role}"] for path in paths])
                told[f"{name}.{role}"] = torch.cat(every.chunk(2)[::-1]) if swapped else every
    return told


def norm_name(name: str) -> str:
    """What has no layer of its own in the tables: norms of queries and keys, places of patches."""
    if name == "pos_embed.pos_embed":
        return "pos_embed"
    norm = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.(attn2?)\.norm_(added_)?([qk])\.weight", name)
    if norm is None:
        return ""
    return f"joint_blocks.{norm[2]}.{'context' if norm[4] else 'x'}_block.{norm[3]}.ln_{norm[5]}.weight"


def flux_norm(name: str) -> str:
    """The same for FLUX."""
    norm = re.fullmatch(r"(single_)?transformer_blocks\.(\d+)\.attn\.norm_(added_)?([qk])\.weight", name)
    if norm is None:
        return ""
    which = {"q": "query", "k": "key"}[norm[4]]
    if norm[1]:
        return f"single_blocks.{norm[2]}.norm.{which}_norm.scale"
    return f"double_blocks.{norm[2]}.{'txt' if norm[3] else 'img'}_attn.norm.{which}_norm.scale"


def z_norm(name: str) -> str:
    """The same for Z-Image, and the two tokens that fill up rows."""
    renamed = name.replace("norm_q", "q_norm").replace("norm_k", "k_norm")
    return renamed if re.search(r"norm|pad_token|cap_embedder\.0", name) else ""


NORMS = {
    "pos_embed.pos_embed": norm_name,
    "x_pad_token": z_norm,
    "x_embedder.weight": flux_norm,
}
"""The rules of the kinds of transformers, by a weight that only the kind has."""


def _full(name: str) -> str:
    return name if name.startswith(("text_model.", "text_projection.")) else f"text_model.{name}"


def open_clip(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """A CLIP text encoder as OpenCLIP has it: query, key and value in one, the projection turned round."""
    told = {OPEN_CLIP[name]: tensor for name, tensor in weights.items() if name in OPEN_CLIP}
    if "text_projection.weight" in weights:
        told["text_projection"] = weights["text_projection.weight"].T
    for name, tensor in weights.items():
        layer = re.fullmatch(r"text_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)", name)
        if layer is None:
            continue
        block, inside, role = f"transformer.resblocks.{layer[1]}.", layer[2], layer[3]
        if inside == "self_attn.q_proj":
            every = [weights[name.replace("q_proj", f"{each}_proj")] for each in "qkv"]
            told[f"{block}attn.in_proj_{role}"] = torch.cat(every)
        elif not inside.startswith(("self_attn.k", "self_attn.v")):
            for ours, theirs in (
                ("self_attn.", "attn."),
                ("layer_norm", "ln_"),
                ("mlp.fc1", "mlp.c_fc"),
                ("mlp.fc2", "mlp.c_proj"),
            ):
                inside = inside.replace(ours, theirs)
            told[f"{block}{inside}.{role}"] = tensor
    return told


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
