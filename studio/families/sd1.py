"""Stable Diffusion 1.x and its many descendants."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.families._base import Defaults, Family, Layers, Model
from studio.models.layout import Layout, read_layout
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

CONFIGS = Path(__file__).parent / "configs"

UNETS = ("unet.", "model.diffusion_model.")  # in a diffusers folder, in an original checkpoint
FIRST_LAYER = ("unet.conv_in.weight", "model.diffusion_model.input_blocks.0.0.weight")


class StableDiffusion1(Family):
    """One CLIP text encoder 768 wide, a UNet at 512 px that predicts epsilon."""

    name = "sd1"
    title = "Stable Diffusion 1.x"
    architecture = "stable-diffusion-v1"
    base_version = "sd_v1"
    text_prefixes: Mapping[str, str] = {"text_encoder": "lora_te"}
    defaults = Defaults(resolution=512, steps=28, guidance=7.0, sampler="auto")
    suggested: tuple[str, ...] = ("stable-diffusion-v1-5/stable-diffusion-v1-5",)
    order = 20
    configs = CONFIGS / "sd1"
    parts: Mapping[str, str] = {
        "unet": "diffusers.UNet2DConditionModel",
        "vae": "diffusers.AutoencoderKL",
        "text_encoder": "transformers.CLIPTextModel",
        "tokenizer": "transformers.CLIPTokenizer",
        "scheduler": "",
    }
    """The parts of its diffusers folder and their classes."""
    padding: Mapping[str, str] = {"tokenizer": "<|endoftext|>"}
    """The token with which each tokenizer fills up a prompt."""
    in_file: Mapping[str, str] = {
        "model.diffusion_model.": "a UNet",
        "first_stage_model.": "a VAE",
        "cond_stage_model.": "a text encoder",
    }
    """What an original checkpoint must have, by the beginning of its weights' names."""

    def recognises(self, layout: Layout) -> bool:
        """Text 768 wide, pictures in as four latent channels (an inpainting model has nine)."""
        return prompt_width(layout) == 768 and latent_channels(layout) == 4

    def layers(self, layout: Layout) -> Layers:
        """Of a folder, or of an original checkpoint by the names that its layers have once it is opened."""
        from studio.families._original_paths import original_layers

        return original_layers(layout) or super().layers(layout)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A UNet told by one text encoder."""
        from diffusers import StableDiffusionPipeline

        from studio.families._stable_diffusion import StableDiffusion

        pipeline = StableDiffusionPipeline(
            **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
        return StableDiffusion(self, pipeline)

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint."""
        from studio.families._folder import open_parts
        from studio.families._single_file import open_checkpoint

        if source.kind == "folder":
            return open_parts(source, self.parts, dtype)
        return open_checkpoint(source, read_layout(source), self, dtype)


def prompt_width(layout: Layout) -> int:
    """The width of the text that the UNet's layers read, which tells the Stable Diffusions apart.

    0 where there is no such UNet.
    """
    for name, entry in layout.entries.items():
        if name.startswith(UNETS) and name.endswith("attn2.to_k.weight"):
            return entry.shape[1]
    return 0


def latent_channels(layout: Layout) -> int:
    """The channels that the UNet takes in; 0 where there is no such UNet."""
    shapes = [layout.shape(name) for name in FIRST_LAYER]
    return next((shape[1] for shape in shapes if len(shape) == 4), 0)


ENTRY = StableDiffusion1()
