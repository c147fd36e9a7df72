"""VAE, CLIP and T5 of a transformer's checkpoint, from the file itself or from files beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._pieces import CLIP, QWEN, T5, VAE, empty, filled, lacking, piece, tokenizer_beside
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

Config = Mapping[str, Any]
QWENS = (
    "Put the folder “tokenizer” of any Z-Image or FLUX.2 klein model in diffusers' layout, renamed “qwen”, "
    "beside it."
)


def vae(source: Source, config: Config, dtype: torch.dtype, *, prefix: str, called: str) -> Any:
    """The VAE; raises `ModelError` where there is none of its channels."""
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    weights = piece(source, prefix, VAE, config["latent_channels"], dtype, called=called)
    if weights is None:
        raise lacking(
            source, "It lacks a VAE", f"Put its VAE ({called}….safetensors) into a folder “vae” beside it."
        )
    module = empty(AutoencoderKL.from_config, config)
    return filled(source, module, convert_ldm_vae_checkpoint(weights, config), "The VAE")


def clip(source: Source, kind: Any, config: Config, name: str, dtype: torch.dtype) -> Any:
    """A CLIP text encoder of this class; raises `ModelError` where there is none of its width."""
    import torch
    from transformers import CLIPTextConfig

    width = config["hidden_size"]
    weights = piece(source, f"text_encoders.{name}.transformer.", CLIP, width, dtype)
    if weights is None:
        remedy = f"Put {name}.safetensors into a folder “text_encoders” beside it."
        raise lacking(source, f"It lacks the text encoder {name}", remedy)
    weights.setdefault("text_projection.weight", torch.eye(width, dtype=dtype))
    module = empty(kind, CLIPTextConfig(**config))
    if not hasattr(module, "text_model"):  # transformers' plain text model has no such level
        weights = {path.removeprefix("text_model."): weight for path, weight in weights.items()}
    return filled(source, module, weights, f"The text encoder {name}")


def t5(source: Source, config: Config, dtype: torch.dtype) -> tuple[Any, Any]:
    """T5 and its tokenizer, each None where there is none.

    The tokenizer does not come with the studio: it is taken from another model of the person's.
    """
    import torch
    from transformers import AutoTokenizer, T5Config, T5EncoderModel

    place = tokenizer_beside(source)
    tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=True) if place else None
    weights = piece(source, "text_encoders.t5xxl.transformer.", T5, config["d_model"], dtype)
    if weights is None or tokenizer is None:
        return weights, tokenizer
    weights.setdefault("encoder.embed_tokens.weight", weights[T5])
    encoder = filled(source, empty(T5EncoderModel, T5Config(**config)), weights, "The text encoder t5xxl")
    for name, module in encoder.named_modules():
        if name.endswith(".wo") and dtype == torch.float16:
            module.float()  # it overflows there
    return encoder, tokenizer


def qwen(source: Source, config: Config, dtype: torch.dtype) -> tuple[Any, Any]:
    """Qwen3 and its tokenizer, which does not come with the studio; raises `ModelError` where one lacks."""
    from transformers import AutoTokenizer, Qwen3Config, Qwen3Model

    told = Qwen3Config(**config)
    shape = (told.intermediate_size, told.hidden_size)
    weights = piece(source, "text_encoders.qwen3_4b.transformer.", QWEN, shape, dtype)
    if weights is None:
        remedy = "Put qwen_3_4b.safetensors into a folder “text_encoders” beside it."
        raise lacking(source, "It lacks the text encoder Qwen3", remedy)
    place = tokenizer_beside(source, "Qwen2")
    if place is None:
        raise lacking(source, "It lacks the tokenizer of Qwen3, which does not come with the studio", QWENS)
    bare = {name.removeprefix("model."): weight for name, weight in weights.items()}
    encoder = filled(source, empty(Qwen3Model, told), bare, "The text encoder Qwen3")
    return encoder, AutoTokenizer.from_pretrained(place, local_files_only=True)
