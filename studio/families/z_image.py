"""Z-Image: Turbo, which paints in eight steps without guidance, and the base that it was made from."""

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

BEFORE = ("", "model.diffusion_model.", "transformer.")
WORDS, BLOCK = "cap_embedder.1.weight", "noise_refiner.0.feed_forward.w1.weight"
QWEN3_4B = 2560
SHIFT_OF_TURBO = 3.0


class ZImageFamily(Family):
    """A transformer of one stream, told by Qwen3; the VAE is that of FLUX.1."""

    name = "z-image"
    title = "Z-Image Turbo"
    architecture = "Z-Image"
    base_version = "z_image"
    text_prefixes: Mapping[str, str] = {}
    defaults = Defaults(resolution=1024, steps=9, guidance=1.0, sampler="auto")
    blocks: Mapping[str, str] = {
        "layers": r"layers\.",
        "noise": r"noise_refiner\.",
        "words": r"context_refiner\.",
    }
    tokenizers_beside: Mapping[str, str] = {"tokenizer": "Qwen2"}
    reads: Mapping[str, int] = {"text_encoder": 504}  # 512 with the words around a question
    stored: tuple[str, ...] = ("transformer", "text_encoder")
    suggested: tuple[str, ...] = ("Tongyi-MAI/Z-Image-Turbo", "Tongyi-MAI/Z-Image")
    order = 70
    configs = CONFIGS / "z-image"
    parts: Mapping[str, str] = {
        "transformer": "diffusers.ZImageTransformer2DModel",
        "vae": "diffusers.AutoencoderKL",
        "text_encoder": "transformers.Qwen3Model",
        "tokenizer": "transformers.AutoTokenizer",
        "scheduler": "",
    }

    def recognises(self, layout: Layout) -> bool:
        """Words as wide as those of Qwen3 with four billion weights, and a refiner of noise."""
        return any(
            layout.shape(f"{before}{WORDS}")[1:] == (QWEN3_4B,) and layout.shape(f"{before}{BLOCK}")
            for before in BEFORE
        )

    def variant(self, source: Source, layout: Layout) -> Family:
        """The base, if its folder's flow is shifted more than Turbo's; a file does not tell."""
        shift = layout.configs.get("scheduler", {}).get("shift", SHIFT_OF_TURBO)
        return BASE if shift > SHIFT_OF_TURBO else self

    def layers(self, layout: Layout) -> Layers:
        """Of a folder, or of an original checkpoint by the names that its layers have once it is opened."""
        from studio.adapters.original_transformers import Z_IMAGE
        from studio.families._transformer_paths import transformer_layers

        return transformer_layers(layout, Z_IMAGE) or super().layers(layout)

    def opened(self, source: Source, dtype: torch.dtype) -> dict[str, Any]:
        """Of a diffusers folder or an original checkpoint."""
        from studio.families._folder import open_parts
        from studio.families._z_image_file import open_z_image

        if source.kind == "file":
            return open_z_image(source, self, dtype)
        return open_parts(source, self.parts, dtype)

    def assemble(self, parts: dict[str, Any]) -> Model:
        """A transformer told by Qwen3."""
        from studio.families._z_image import TensorZImagePipeline, ZImage

        return ZImage(self, TensorZImagePipeline(**parts))


class ZImageBase(ZImageFamily):
    """The same shapes, so that adapters fit both."""

    title = "Z-Image"
    defaults = replace(ZImageFamily.defaults, steps=28, guidance=4.0)


BASE = ZImageBase()
ENTRY = ZImageFamily()
