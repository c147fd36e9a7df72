"""Opening an original checkpoint of SD3: the transformer, often without text encoders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING, Any

from studio.families._pieces import empty, filled, lacking, piece, tensors_under, tokenizer_beside
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families.sd3 import StableDiffusion3

DENOISER = "model.diffusion_model."
CLIP, T5, VAE = "text_model.embeddings.token_embedding.weight", "shared.weight", "encoder.conv_in.weight"
FILES = "Put clip_l.safetensors and clip_g.safetensors into a folder “text_encoders” beside it."


def open_sd3(source: Source, family: StableDiffusion3, dtype: torch.dtype) -> dict[str, Any]:
    """The parts by name, on the processor; T5 where its weights and tokenizer are beside the checkpoint.

    Raises `ModelError` naming what is missing and where to put it.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler
    from transformers import CLIPTokenizer

    from studio.models.parts import part_folder

    parts: dict[str, Any] = {
        "transformer": _transformer(source, dtype),
        "vae": _vae(source, family, dtype),
        "text_encoder": _clip(source, family, "text_encoder", "clip_l", dtype),
        "text_encoder_2": _clip(source, family, "text_encoder_2", "clip_g", dtype),
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(family.configs, subfolder="scheduler"),
    }
    for part, pad in family.padding.items():
        parts[part] = CLIPTokenizer.from_pretrained(part_folder(family.configs, part), pad_token=pad)
    return parts | _t5(source, family, dtype)


def _transformer(source: Source, dtype: torch.dtype) -> Any:
    from diffusers import SD3Transformer2DModel
    from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers

    weights = tensors_under(source.path, DENOISER, dtype)
    module = empty(SD3Transformer2DModel, **transformer_config(weights))
    return filled(source, module, convert_sd3_transformer_checkpoint_to_diffusers(weights), "The transformer")


def transformer_config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The size of a transformer, which its weights tell: medium and large differ in nothing else."""
    blocks = {int(m[1]) for name in weights if (m := re.match(r"joint_blocks\.(\d+)\.", name))}
    twice = {int(m[1]) for name in weights if (m := re.match(r"joint_blocks\.(\d+)\.x_block\.attn2\.", name))}
    width, channels = weights["x_embedder.proj.weight"].shape[:2]
    norm = weights.get("joint_blocks.0.x_block.attn.ln_q.weight")
    head = norm.shape[0] if norm is not None else 64
    return {
        "in_channels": channels,
        "out_channels": channels,
        "num_layers": len(blocks),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": weights["context_embedder.weight"].shape[1],
        "caption_projection_dim": width,
        "pooled_projection_dim": weights["y_embedder.mlp.0.weight"].shape[1],
        "pos_embed_max_size": isqrt(weights["pos_embed"].shape[1]),
        "dual_attention_layers": tuple(sorted(twice)),
        "qk_norm": "rms_norm" if norm is not None else None,
    }


def _vae(source: Source, family: StableDiffusion3, dtype: torch.dtype) -> Any:
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    config = family.config("vae")
    weights = piece(source, "first_stage_model.", VAE, config["block_out_channels"][0], dtype)
    if weights is None:
        raise lacking(source, "It lacks a VAE", "Put its VAE into a folder “vae” beside it.")
    module = empty(AutoencoderKL.from_config, config)
    return filled(source, module, convert_ldm_vae_checkpoint(weights, config), "The VAE")


def _clip(source: Source, family: StableDiffusion3, part: str, name: str, dtype: torch.dtype) -> Any:
    import torch
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    config = CLIPTextConfig(**family.config(part))
    weights = piece(source, f"text_encoders.{name}.transformer.", CLIP, config.hidden_size, dtype)
    if weights is None:
        raise lacking(source, f"It lacks the text encoder {name}", FILES)
    weights.setdefault("text_projection.weight", torch.eye(config.hidden_size, dtype=dtype))
    module = empty(CLIPTextModelWithProjection, config)
    return filled(source, module, weights, f"The text encoder {name}")


def _t5(source: Source, family: StableDiffusion3, dtype: torch.dtype) -> dict[str, Any]:
    """Its tokenizer cannot come with the studio, so it is taken from another model of the person's."""
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    place, config = tokenizer_beside(source), T5Config(**family.config("text_encoder_3"))
    if place is None:
        return {}
    weights = piece(source, "text_encoders.t5xxl.transformer.", T5, config.d_model, dtype)
    if weights is None:
        return {}
    weights.setdefault("encoder.embed_tokens.weight", weights[T5])
    encoder = filled(source, empty(T5EncoderModel, config), weights, "The text encoder t5xxl")
    for name, module in encoder.named_modules():
        if name.endswith(".wo"):
            module.float()  # overflows in float16
    return {
        "text_encoder_3": encoder,
        "tokenizer_3": AutoTokenizer.from_pretrained(place, local_files_only=True),
    }
