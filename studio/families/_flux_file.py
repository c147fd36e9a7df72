"""Opening an original checkpoint of FLUX.1: the transformer; VAE, CLIP and T5 lie in it or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._encoders import clip, t5, vae
from studio.families._pieces import blocks_in, denoiser_weights, empty, filled, lacking
from studio.families._single_file import tokenizers
from studio.families._transformer_paths import flux_weights
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families.flux import Flux1

TOKENIZER = (
    "Put the folder “tokenizer_2” of any FLUX or SD3 model in diffusers' layout, renamed “t5”, beside it."
)


def open_flux(source: Source, family: Flux1, dtype: torch.dtype) -> dict[str, Any]:
    """The parts by name, on the processor; raises `ModelError` naming what is missing and where to put it."""
    from diffusers import FlowMatchEulerDiscreteScheduler
    from transformers import CLIPTextModel

    encoder, tokenizer = t5(source, family.config("text_encoder_2"), dtype)
    if encoder is None:
        raise lacking(
            source,
            "It lacks the text encoder T5",
            "Put t5xxl_fp16.safetensors into a folder “text_encoders” beside it.",
        )
    if tokenizer is None:
        raise lacking(source, "It lacks the tokenizer of T5, which does not come with the studio", TOKENIZER)
    return {
        "transformer": _transformer(source, dtype),
        "vae": vae(source, family.config("vae"), dtype, prefix="vae.", called="ae"),
        "text_encoder": clip(source, CLIPTextModel, family.config("text_encoder"), "clip_l", dtype),
        "text_encoder_2": encoder,
        "tokenizer_2": tokenizer,
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(
            part_folder(family.configs, "scheduler")
        ),
        **tokenizers(family),
    }


def _transformer(source: Source, dtype: torch.dtype) -> Any:
    from diffusers import FluxTransformer2DModel

    weights = denoiser_weights(source, dtype)
    module = empty(FluxTransformer2DModel, **transformer_config(weights))
    return filled(source, module, flux_weights(weights), "The transformer")


def transformer_config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The size of a transformer, which its weights tell."""
    width, channels = weights["img_in.weight"].shape
    head = weights["double_blocks.0.img_attn.norm.query_norm.scale"].shape[0]
    return {
        "in_channels": channels,
        "num_layers": blocks_in(weights, "double_blocks"),
        "num_single_layers": blocks_in(weights, "single_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": weights["txt_in.weight"].shape[1],
        "pooled_projection_dim": weights["vector_in.in_layer.weight"].shape[1],
        "guidance_embeds": "guidance_in.in_layer.weight" in weights,
        "axes_dims_rope": (head // 8, head * 7 // 16, head * 7 // 16),
    }
