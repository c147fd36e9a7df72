"""Stable Diffusion 2.x: 512 px, which predicts epsilon, and 768 px, which predicts v."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._base import Defaults, Family
from studio.families._predicts import predicts_v
from studio.families.sd1 import CONFIGS, StableDiffusion1, latent_channels, prompt_width
from studio.models.layout import Layout, read_layout
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

PICTURES_TELL = ("unet.class_embedding.linear_1.weight", "model.diffusion_model.label_emb.0.0.weight")


class StableDiffusion2(StableDiffusion1):
    """One OpenCLIP-H text encoder 1024 wide, the UNet as that of the first version."""

    name = "sd2"
    title = "Stable Diffusion 2.x"
    architecture = "stable-diffusion-v2-512"
    base_version = "sd_v2"
    defaults = Defaults(resolution=512, steps=28, guidance=7.0, sampler="auto")
    suggested: tuple[str, ...] = ("stabilityai/stable-diffusion-2-1-base",)
    order = 30
    configs = CONFIGS / "sd2"
    padding: Mapping[str, str] = {"tokenizer": "!"}

    def recognises(self, layout: Layout) -> bool:
        """Text 1024 wide and four latent channels; one that is told of another picture (unCLIP) is none."""
        told_of_pictures = any(layout.shape(name) for name in PICTURES_TELL)
        return prompt_width(layout) == 1024 and latent_channels(layout) == 4 and not told_of_pictures

    def variant(self, source: Source, layout: Layout) -> Family:
        """The one at 768 px if the model predicts v."""
        return AT_768 if predicts_v(source, layout) else self

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint, whose scheduler is told what it predicts."""
        parts = super().opened(source, dtype)
        if source.kind == "file":
            kind = "v_prediction" if predicts_v(source, read_layout(source)) else "epsilon"
            parts["scheduler"].register_to_config(prediction_type=kind)
        return parts


class StableDiffusion2At768(StableDiffusion2):
    """The same shapes, so that adapters fit both."""

    title = "Stable Diffusion 2.x (768)"
    architecture = "stable-diffusion-v2-768-v"
    base_version = "sd_v2_v"
    defaults = Defaults(resolution=768, steps=28, guidance=7.0, sampler="auto")


AT_768 = StableDiffusion2At768()
ENTRY = StableDiffusion2()
