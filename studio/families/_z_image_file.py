"""Opening an original checkpoint of Z-Image: the transformer; VAE and Qwen3 lie in it or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._encoders import qwen, vae
from studio.families._pieces import blocks_in, denoiser_weights, empty, filled
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families.z_image import ZImageFamily


def open_z_image(source: Source, family: ZImageFamily, dtype: torch.dtype) -> dict[str, Any]:
    """The parts by name, on the processor; raises `ModelError` naming what is missing and where to put it."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    encoder, tokenizer = qwen(source, family.config("text_encoder"), dtype)
    return {
        "transformer": _transformer(source, dtype),
        "vae": vae(source, family.config("vae"), dtype, prefix="vae.", called="ae"),
        "text_encoder": encoder,
        "tokenizer": tokenizer,
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(
            part_folder(family.configs, "scheduler")
        ),
    }


def _transformer(source: Source, dtype: torch.dtype) -> Any:
    from diffusers import ZImageTransformer2DModel
    from diffusers.loaders.single_file_utils import convert_z_image_transformer_checkpoint_to_diffusers

    weights = denoiser_weights(source, dtype)
    if "layers.0.attention.qkv.weight" in weights:
        weights = convert_z_image_transformer_checkpoint_to_diffusers(weights)
    module = empty(ZImageTransformer2DModel, **transformer_config(weights))
    return filled(source, module, weights, "The transformer")


def transformer_config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """The size of a transformer, which its weights tell."""
    width = weights["layers.0.attention.to_q.weight"].shape[0]
    head = weights["layers.0.attention.norm_q.weight"].shape[0]
    return {
        "in_channels": weights["all_x_embedder.2-1.weight"].shape[1] // 4,
        "dim": width,
        "n_heads": width // head,
        "n_kv_heads": width // head,
        "n_layers": blocks_in(weights, "layers"),
        "n_refiner_layers": blocks_in(weights, "noise_refiner"),
        "cap_feat_dim": weights["cap_embedder.1.weight"].shape[1],
        "axes_dims": [head // 4, head * 3 // 8, head * 3 // 8],
        "axes_lens": [1536, 512, 512],
    }
