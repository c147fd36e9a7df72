"""Opening an original checkpoint of SD3: the transformer, often without text encoders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt
from typing import TYPE_CHECKING, Any

from studio.families._encoders import clip, t5, vae
from studio.families._pieces import empty, filled, tensors_under
from studio.families._single_file import tokenizers
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families.sd3 import StableDiffusion3

DENOISER = "model.diffusion_model."


def open_sd3(source: Source, family: StableDiffusion3, dtype: torch.dtype) -> dict[str, Any]:
    """The parts by name, on the processor; T5 where its weights and tokenizer are beside the checkpoint.

    Raises `ModelError` naming what is missing and where to put it.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler
    from transformers import CLIPTextModelWithProjection

    kind = CLIPTextModelWithProjection
    encoder, tokenizer = t5(source, family.config("text_encoder_3"), dtype)
    told_by_t5 = encoder is not None and tokenizer is not None
    return {
        "transformer": _transformer(source, dtype),
        "vae": vae(source, family.config("vae"), dtype, prefix="first_stage_model.", called="sd3"),
        "text_encoder": clip(source, kind, family.config("text_encoder"), "clip_l", dtype),
        "text_encoder_2": clip(source, kind, family.config("text_encoder_2"), "clip_g", dtype),
        "text_encoder_3": encoder if told_by_t5 else None,
        "tokenizer_3": tokenizer if told_by_t5 else None,
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(
            part_folder(family.configs, "scheduler")
        ),
        **tokenizers(family),
    }


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
