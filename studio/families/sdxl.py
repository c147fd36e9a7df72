"""Stable Diffusion XL and its many descendants, of which some predict v."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.families._base import UNET_BLOCKS, Defaults, Model
from studio.families.sd1 import CONFIGS, StableDiffusion1, latent_channels, prompt_width
from studio.models.layout import Layout

TOLD_OF_SIZES = ("unet.add_embedding.linear_1.weight", "model.diffusion_model.label_emb.0.0.weight")
OTHER_NOISE = ("edm_mean", "edm_vpred.sigma_max")  # marks of files whose noise is none of diffusion's tables


class StableDiffusionXLFamily(StableDiffusion1):
    """CLIP-L and OpenCLIP-G, together 2048 wide; the UNet is told of sizes and crops."""

    name = "sdxl"
    title = "Stable Diffusion XL"
    architecture = "stable-diffusion-xl-v1-base"
    base_version = "sdxl_base_v1-0"
    text_prefixes: Mapping[str, str] = {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
    defaults = Defaults(resolution=1024, steps=30, guidance=6.0, sampler="auto")
    blocks: Mapping[str, str] = {
        **UNET_BLOCKS,
        "content": r"up_blocks\.0\.attentions\.0\.",  # arXiv 2403.14572, section 4.1
        "style": r"up_blocks\.0\.attentions\.1\.",
    }
    suggested: tuple[str, ...] = ("stabilityai/stable-diffusion-xl-base-1.0",)
    order = 40
    configs = CONFIGS / "sdxl"
    parts: Mapping[str, str] = {
        **StableDiffusion1.parts,
        "text_encoder_2": "transformers.CLIPTextModelWithProjection",
        "tokenizer_2": "transformers.CLIPTokenizer",
    }
    padding: Mapping[str, str] = {"tokenizer": "<|endoftext|>", "tokenizer_2": "!"}
    in_file: Mapping[str, str] = {
        "model.diffusion_model.": "a UNet",
        "first_stage_model.": "a VAE",
        "conditioner.embedders.0.transformer.": "its first text encoder",
        "conditioner.embedders.1.model.": "its second text encoder",
    }

    def recognises(self, layout: Layout) -> bool:
        """Text 2048 wide and four latent channels, with diffusion's own noise."""
        return prompt_width(layout) == 2048 and latent_channels(layout) == 4 and not _noised_otherwise(layout)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A UNet told by two text encoders."""
        from diffusers import StableDiffusionXLPipeline

        from studio.families._stable_diffusion_xl import StableDiffusionXL

        return StableDiffusionXL(self, StableDiffusionXLPipeline(**parts, add_watermarker=False))


def told_of_sizes(layout: Layout) -> bool:
    """Whether the UNet is told of more than the prompt, as SDXL's."""
    return any(layout.shape(name) for name in TOLD_OF_SIZES)


def _noised_otherwise(layout: Layout) -> bool:
    named = str(layout.configs.get("scheduler", {}).get("_class_name", ""))
    return "EDM" in named or any(mark in layout.entries for mark in OTHER_NOISE)


ENTRY = StableDiffusionXLFamily()
