"""FLUX.2 klein of four billion weights: distilled to four steps, and the base that it was made from."""

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

MARKS = {
    "transformer.single_stream_modulation.linear.weight": "transformer.context_embedder.weight",
    "single_stream_modulation.lin.weight": "txt_in.weight",
    "model.diffusion_model.single_stream_modulation.lin.weight": "model.diffusion_model.txt_in.weight",
}
"""A layer that only FLUX.2 has, and beside it that which reads words: in a folder, in a file."""
HEARD = 3 * 2560  # three layers of Qwen3 with four billion weights


class Flux2Klein(Family):
    """A transformer of two streams, then one, told by Qwen3; its latents have 32 channels."""

    name = "flux2-klein-4b"
    title = "FLUX.2 klein 4B"
    architecture = "Flux.2-klein-4b"
    base_version = "flux2_klein_4b"
    text_prefixes: Mapping[str, str] = {}
    defaults = Defaults(
        resolution=1024,
        steps=4,
        guidance=1.0,
        sampler="auto",
        target_modules=("to_q", "to_k", "to_v", "to_out.0", "to_qkv_mlp_proj", "attn.to_out"),
    )
    blocks: Mapping[str, str] = {
        "double": r"transformer_blocks\.",
        "single": r"single_transformer_blocks\.",
    }
    tokenizers_beside: Mapping[str, str] = {"tokenizer": "Qwen2"}
    reads: Mapping[str, int] = {"text_encoder": 500}  # 512 with the words around a question
    stored: tuple[str, ...] = ("transformer", "text_encoder")
    suggested: tuple[str, ...] = (
        "black-forest-labs/FLUX.2-klein-4B",
        "black-forest-labs/FLUX.2-klein-base-4B",
    )
    order = 80
    configs = CONFIGS / "flux2-klein-4b"
    parts: Mapping[str, str] = {
        "transformer": "diffusers.Flux2Transformer2DModel",
        "vae": "diffusers.AutoencoderKLFlux2",
        "text_encoder": "transformers.Qwen3Model",
        "tokenizer": "transformers.AutoTokenizer",
        "scheduler": "",
    }

    def recognises(self, layout: Layout) -> bool:
        """Modulation that blocks share, and words as wide as three layers of Qwen3."""
        return any(
            layout.shape(mark) and layout.shape(words)[1:] == (HEARD,) for mark, words in MARKS.items()
        )

    def variant(self, source: Source, layout: Layout) -> Family:
        """The base, if its folder says that it is not distilled; a file does not tell."""
        return BASE if layout.configs.get("model_index", {}).get("is_distilled") is False else self

    def layers(self, layout: Layout) -> Layers:
        """Of a folder, or of an original checkpoint by the names that its layers have once it is opened."""
        from studio.adapters.original_transformers import FLUX2
        from studio.families._transformer_paths import transformer_layers

        return transformer_layers(layout, FLUX2) or super().layers(layout)

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint."""
        from studio.families._flux2_file import open_flux2
        from studio.families._folder import open_parts

        if source.kind == "file":
            return open_flux2(source, self, dtype)
        return open_parts(source, self.parts, dtype)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A transformer told by Qwen3; guidance above 1 counts, distilled or not."""
        from studio.families._flux2 import Flux2, LookedAtPipeline

        return Flux2(self, LookedAtPipeline(**parts, is_distilled=False))


class Flux2KleinBase(Flux2Klein):
    """The same shapes, so that adapters fit both."""

    title = "FLUX.2 klein base 4B"
    defaults = replace(Flux2Klein.defaults, steps=28, guidance=4.0)


BASE = Flux2KleinBase()
ENTRY = Flux2Klein()
