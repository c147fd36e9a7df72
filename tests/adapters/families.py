"""The layers of each family of models, from the real classes with small configurations on the meta device."""

from __future__ import annotations

import functools
from typing import Any

import torch

from studio.adapters.layers import DENOISER, layers_of, others_of
from studio.adapters.naming import LayerTable

TEXT = {
    "sd1": {"text_encoder": "lora_te"},
    "sd2": {"text_encoder": "lora_te"},
    "sdxl": {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"},
    "sd3": {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2", "text_encoder_3": "lora_te3"},
    "flux": {"text_encoder": "lora_te1", "text_encoder_2": "lora_te3"},
}
COMFY = {
    "sd1": ("clip_l",),
    "sd2": ("clip_h",),
    "sdxl": ("clip_l", "clip_g"),
    "sd3": ("clip_l", "clip_g", "t5xxl"),
    "flux": ("clip_l", "t5xxl"),
}


@functools.cache
def table(family: str) -> LayerTable:
    with torch.device("meta"):
        parts = {DENOISER: denoiser(family), **dict(zip(TEXT[family], _encoders(family), strict=True))}
    layers = [layer for part, root in parts.items() for layer in layers_of(part, root)]
    others = [layer for part, root in parts.items() for layer in others_of(part, root)]
    return LayerTable(family, layers, TEXT[family], others)


def denoiser(family: str) -> Any:
    from diffusers import FluxTransformer2DModel, SD3Transformer2DModel, UNet2DConditionModel

    if family == "flux":
        return FluxTransformer2DModel(
            in_channels=8,
            num_layers=2,
            num_single_layers=2,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=12,
            pooled_projection_dim=10,
            guidance_embeds=True,
            axes_dims_rope=(2, 2, 4),
        )
    if family == "sd3":
        return SD3Transformer2DModel(
            sample_size=8,
            in_channels=4,
            num_layers=3,
            attention_head_dim=8,
            num_attention_heads=2,
            joint_attention_dim=12,
            caption_projection_dim=16,
            pooled_projection_dim=10,
            out_channels=4,
            pos_embed_max_size=8,
            dual_attention_layers=(0, 1),
            qk_norm="rms_norm",
        )
    return UNet2DConditionModel(**UNETS[family])


UNET = {
    "sample_size": 8,
    "block_out_channels": (16, 32, 32),
    "layers_per_block": 2,
    "attention_head_dim": 8,
    "norm_num_groups": 8,
    "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": 12,
}
UNETS: dict[str, dict[str, Any]] = {
    "sd1": UNET,
    "sd2": UNET | {"use_linear_projection": True},
    "sdxl": UNET
    | {
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 2, 3),
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 24,
    },
}


def _encoders(family: str) -> list[Any]:
    from transformers import (
        CLIPTextConfig,
        CLIPTextModel,
        CLIPTextModelWithProjection,
        T5Config,
        T5EncoderModel,
    )

    small = CLIPTextConfig(
        vocab_size=8,
        hidden_size=12,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=12,
    )
    t5 = T5Config(
        vocab_size=8, d_model=12, d_kv=4, d_ff=20, num_layers=2, num_heads=2, feed_forward_proj="gated-gelu"
    )
    made = {
        "clip_l": lambda: CLIPTextModel(small),
        "clip_h": lambda: CLIPTextModel(small),
        "clip_g": lambda: CLIPTextModelWithProjection(small),
        "t5xxl": lambda: T5EncoderModel(t5),
    }
    return [made[name]() for name in COMFY[family]]
