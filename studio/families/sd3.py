"""Stable Diffusion 3.5 medium: a flow told by two CLIPs and, where there is one, a T5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.families._base import Defaults, Family, Layers, Model
from studio.families.sd1 import CONFIGS
from studio.models.layout import Layout
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

FIRST_LAYER = ("transformer.pos_embed.proj.weight", "model.diffusion_model.x_embedder.proj.weight")
WORDS = ("transformer.context_embedder.weight", "model.diffusion_model.context_embedder.weight")
FULL_SIZE = 4096
"""The width of T5-XXL, which a full-size model reads."""
WIDTH_OF_LARGE = 38 * 64


class StableDiffusion3(Family):
    """A transformer over 2 × 2 latents of 16 channels."""

    name = "sd3"
    title = "Stable Diffusion 3.5 medium"
    architecture = "stable-diffusion-3"
    base_version = "sd3"
    text_prefixes: Mapping[str, str] = {"text_encoder": "lora_te1", "text_encoder_2": "lora_te2"}
    defaults = Defaults(
        resolution=1024,
        steps=28,
        guidance=4.5,
        sampler="auto",
        target_modules=(
            *("to_q", "to_k", "to_v", "to_out.0"),
            *("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"),
        ),
    )
    blocks: Mapping[str, str] = {"blocks": r"transformer_blocks\."}
    stored: tuple[str, ...] = ("transformer", "text_encoder_3")
    suggested: tuple[str, ...] = ("stabilityai/stable-diffusion-3.5-medium",)
    order = 50
    configs = CONFIGS / "sd3"
    parts: Mapping[str, str] = {
        "transformer": "diffusers.SD3Transformer2DModel",
        "vae": "diffusers.AutoencoderKL",
        "text_encoder": "transformers.CLIPTextModelWithProjection",
        "text_encoder_2": "transformers.CLIPTextModelWithProjection",
        "tokenizer": "transformers.CLIPTokenizer",
        "tokenizer_2": "transformers.CLIPTokenizer",
        "scheduler": "",
    }
    t5: Mapping[str, str] = {
        "text_encoder_3": "transformers.T5EncoderModel",
        "tokenizer_3": "transformers.AutoTokenizer",
    }
    """Parts that a folder may go without."""
    padding: Mapping[str, str] = {"tokenizer": "<|endoftext|>", "tokenizer_2": "!"}
    tokenizers_beside: Mapping[str, str] = {"tokenizer_3": "T5"}
    reads: Mapping[str, int] = {"text_encoder_3": 255}

    def recognises(self, layout: Layout) -> bool:
        """The first layer's patches, words as wide as T5-XXL's, and narrower than the large one."""
        return words_wide(layout) == FULL_SIZE and width_of(layout) < WIDTH_OF_LARGE

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint, with a T5 if there is one."""
        from studio.families._sd3_file import open_sd3

        return open_sd3(source, self, dtype) if source.kind == "file" else self._folder(source, dtype)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A transformer; without a T5, prompts are read by CLIP alone."""
        from diffusers import StableDiffusion3Pipeline

        from studio.families._flow import FlowModel

        return FlowModel(self, StableDiffusion3Pipeline(**dict.fromkeys(self.t5) | parts))

    def _folder(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        from studio.families._folder import open_parts
        from studio.models.layout import weight_files
        from studio.models.parts import part_folder

        encoder, tokenizer = (part_folder(source.path, part) for part in self.t5)
        there = encoder.is_dir() and tokenizer.is_dir() and weight_files(encoder)
        return open_parts(source, {**self.parts, **(self.t5 if there else {})}, dtype)

    def layers(self, layout: Layout) -> Layers:
        """Of a folder, or of an original checkpoint by the names that its layers have once it is opened."""
        from studio.adapters.original_transformers import SD3
        from studio.families._transformer_paths import transformer_layers

        return transformer_layers(layout, SD3) or super().layers(layout)


def width_of(layout: Layout) -> int:
    """The width of the transformer; 0 for what is none."""
    return next((shape[0] for name in WORDS if len(shape := layout.shape(name)) == 2), 0)


def words_wide(layout: Layout) -> int:
    """The width of the words that an SD3 reads; 0 for what is none."""
    patches = any(len(layout.shape(name)) == 4 for name in FIRST_LAYER)
    found = [layout.shape(name) for name in WORDS]
    return next((shape[1] for shape in found if len(shape) == 2), 0) if patches else 0


ENTRY = StableDiffusion3()
