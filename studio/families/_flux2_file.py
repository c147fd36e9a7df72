"""Opening an original checkpoint of FLUX.2 klein: the transformer; VAE and Qwen3 lie in it or beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._encoders import qwen
from studio.families._pieces import VAE, blocks_in, denoiser_weights, empty, filled, lacking, piece
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families.flux2 import Flux2Klein


def open_flux2(source: Source, family: Flux2Klein, dtype: torch.dtype) -> dict[str, Any]:
    """The parts by name, on the processor; raises `ModelError` naming what is missing and where to put it."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    encoder, tokenizer = qwen(source, family.config("text_encoder"), dtype)
    return {
        "transformer": _transformer(source, dtype),
        "vae": _vae(source, family.config("vae"), dtype),
        "text_encoder": encoder,
        "tokenizer": tokenizer,
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(
            part_folder(family.configs, "scheduler")
        ),
    }


def _transformer(source: Source, dtype: torch.dtype) -> Any:
    from diffusers import Flux2Transformer2DModel
    from diffusers.loaders.single_file_utils import convert_flux2_transformer_checkpoint_to_diffusers

    weights = denoiser_weights(source, dtype)
    module = empty(Flux2Transformer2DModel, **transformer_config(weights))
    told = convert_flux2_transformer_checkpoint_to_diffusers(weights)
    return filled(source, module, told, "The transformer")


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
        "guidance_embeds": "guidance_in.in_layer.weight" in weights,
        "axes_dims_rope": (head // 4,) * 4,
    }


def _vae(source: Source, config: Mapping[str, Any], dtype: torch.dtype) -> Any:
    import torch
    from diffusers import AutoencoderKLFlux2
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    weights = piece(source, "vae.", VAE, config["latent_channels"], dtype, called="flux2")
    if weights is None:
        remedy = "Put flux2-vae.safetensors into a folder “vae” beside it."
        raise lacking(source, "It lacks the VAE of FLUX.2", remedy)
    norm = {name: weight for name, weight in weights.items() if name.startswith("bn.")}
    lifted = {_lifted(name): weight for name, weight in weights.items() if name not in norm}
    if any(name.startswith("encoder.down.") for name in lifted):
        lifted = convert_ldm_vae_checkpoint(lifted, config)
    counted = {"bn.num_batches_tracked": torch.zeros((), dtype=torch.int64)}
    return filled(
        source, empty(AutoencoderKLFlux2.from_config, config), {**counted, **lifted, **norm}, "The VAE"
    )


def _lifted(name: str) -> str:
    """The original's convolutions around the latents belong to its encoder and decoder."""
    return re.sub(r"^(encoder|decoder)\.((post_)?quant_conv\.)", r"\2", name)
