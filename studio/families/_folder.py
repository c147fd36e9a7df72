"""Opening a diffusers folder, component by component, so that nothing missing goes unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.errors import ModelError
from studio.models.layout import weight_files
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline

NEEDED = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")


def open_folder(source: Source, dtype: torch.dtype) -> StableDiffusionPipeline:
    """The pipeline in a diffusers folder, on the processor; raises `ModelError` naming what is missing."""
    import diffusers
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTokenizer

    for part in NEEDED:
        if not (source.path / part).is_dir():
            raise _incomplete(source, f"The part “{part}” is missing")
    scheduler = diffusers.DDIMScheduler.load_config(source.path / "scheduler")
    return StableDiffusionPipeline(
        unet=_component(UNet2DConditionModel, source, "unet", torch_dtype=dtype),
        vae=_component(AutoencoderKL, source, "vae", torch_dtype=dtype),
        text_encoder=_component(CLIPTextModel, source, "text_encoder", dtype=dtype),
        tokenizer=CLIPTokenizer.from_pretrained(source.path / "tokenizer", local_files_only=True),
        scheduler=getattr(diffusers, scheduler["_class_name"]).from_config(scheduler),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _component(cls: Any, source: Source, name: str, **options: Any) -> Any:
    files = weight_files(source.path / name)
    if not files:
        raise _incomplete(source, f"The part “{name}” has no .safetensors weights")
    variant = "fp16" if ".fp16" in files[0].name else None
    try:
        module, info = cls.from_pretrained(
            source.path / name,
            variant=variant,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **options,
        )
    except (OSError, ValueError, RuntimeError) as fault:
        raise _incomplete(source, f"The part “{name}” cannot be read: {str(fault)[:200]}") from fault
    absent = [key for key in info["missing_keys"] if not key.endswith("position_ids")]
    if absent:
        raise _incomplete(source, f"The part “{name}” lacks {len(absent)} weights, the first is {absent[0]}")
    return module


def _incomplete(source: Source, why: str) -> ModelError:
    return ModelError(f"{source.title} is not a complete model", why=why, remedy="Get the model again.")
