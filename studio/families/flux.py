"""FLUX.1: dev, which is told of guidance, and schnell, which paints in four steps without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from studio.families._base import Defaults, Family, Layers, Model
from studio.families.sd1 import CONFIGS
from studio.models.layout import Layout
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

FULL_SIZE = 4096  # the width of T5-XXL
BEFORE = ("", "model.diffusion_model.")


class Flux1(Family):
    """A transformer of two streams, then one, told by T5 and by CLIP's pooled state."""

    name = "flux"
    title = "FLUX.1"
    architecture = "flux-1-dev"
    base_version = "flux1"
    text_prefixes: Mapping[str, str] = {"text_encoder": "lora_te1"}
    defaults = Defaults(
        resolution=1024,
        steps=28,
        guidance=3.5,
        sampler="auto",
        target_modules=(
            *("to_q", "to_k", "to_v", "to_out.0"),
            *("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out"),
            *("ff.net.0.proj", "ff.net.2", "ff_context.net.0.proj", "ff_context.net.2"),
        ),
    )
    blocks: Mapping[str, str] = {
        "double": r"transformer_blocks\.",
        "single": r"single_transformer_blocks\.",
    }
    stored: tuple[str, ...] = ("transformer", "text_encoder_2")
    suggested: tuple[str, ...] = ("black-forest-labs/FLUX.1-dev", "black-forest-labs/FLUX.1-schnell")
    order = 60
    configs = CONFIGS / "flux"
    parts: Mapping[str, str] = {
        "transformer": "diffusers.FluxTransformer2DModel",
        "vae": "diffusers.AutoencoderKL",
        "text_encoder": "transformers.CLIPTextModel",
        "text_encoder_2": "transformers.T5EncoderModel",
        "tokenizer": "transformers.CLIPTokenizer",
        "tokenizer_2": "transformers.AutoTokenizer",
        "scheduler": "",
    }
    padding: Mapping[str, str] = {"tokenizer": "<|endoftext|>"}
    tokenizers_beside: Mapping[str, str] = {"tokenizer_2": "T5"}
    reads: Mapping[str, int] = {"text_encoder_2": 511}

    def recognises(self, layout: Layout) -> bool:
        """Words as wide as T5-XXL's, 64 channels in, and a pooled state (which Chroma has not)."""
        return words_wide(layout) == FULL_SIZE

    def variant(self, source: Source, layout: Layout) -> Family:
        """The one without guidance where no weights are there for it."""
        guided = any(layout.shape(f"{before}guidance_in.in_layer.weight") for before in BEFORE)
        guided |= any("guidance_embedder" in name for name in layout.entries)
        return self if guided else SCHNELL

    def layers(self, layout: Layout) -> Layers:
        """Of a folder, or of an original checkpoint by the names that its layers have once it is opened."""
        from studio.adapters.original_transformers import FLUX
        from studio.families._transformer_paths import transformer_layers

        return transformer_layers(layout, FLUX) or super().layers(layout)

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint."""
        from studio.families._flux_file import open_flux
        from studio.families._folder import open_parts

        if source.kind == "file":
            return open_flux(source, self, dtype)
        return open_parts(source, self.parts, dtype)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A transformer told by CLIP's pooled state and T5."""
        from diffusers import FluxPipeline

        from studio.families._flux import Flux

        return Flux(self, FluxPipeline(**parts))


class Flux1Schnell(Flux1):
    """The same shapes but for guidance, so that adapters fit both."""

    title = "FLUX.1 schnell"
    architecture = "flux-1-schnell"
    defaults = replace(Flux1.defaults, steps=4, guidance=1.0)
    configs = CONFIGS / "flux-schnell"


def words_wide(layout: Layout) -> int:
    """The width of the words that a FLUX.1 reads; 0 for what is none."""
    if layout.shape("transformer.single_transformer_blocks.0.proj_mlp.weight"):
        names = ("transformer.x_embedder.weight", "transformer.context_embedder.weight")
        pooled = any("time_text_embed.text_embedder" in name for name in layout.entries)
    else:
        before = next(
            (each for each in BEFORE if layout.shape(f"{each}double_blocks.0.img_attn.qkv.weight")), "-"
        )
        names = (f"{before}img_in.weight", f"{before}txt_in.weight")
        pooled = bool(layout.shape(f"{before}vector_in.in_layer.weight"))
    latents, words = (layout.shape(name) for name in names)
    return words[1] if pooled and len(words) == 2 and latents[1:] in ((64,), (16,)) else 0


SCHNELL = Flux1Schnell()
ENTRY = Flux1()
