"""Opening an original checkpoint: one file in the layout that Civitai and ComfyUI use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from studio.errors import ModelError
from studio.models.layout import Layout
from studio.models.source import Source

if TYPE_CHECKING:
    import torch
    from diffusers import StableDiffusionPipeline

PARTS = {
    "model.diffusion_model.": "a UNet",
    "first_stage_model.": "a VAE",
    "cond_stage_model.": "a text encoder",
}


def open_checkpoint(
    source: Source, layout: Layout, configs: Path, dtype: torch.dtype
) -> StableDiffusionPipeline:
    """The pipeline in a single file, on the processor; `configs` holds all but the weights.

    A weight named "v_pred" or "ztsnr" marks a model that predicts v, or whose last timestep is
    pure noise, as trainers and ComfyUI write it. Raises `ModelError` naming what is missing.
    """
    from diffusers import StableDiffusionPipeline
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    missing = [title for prefix, title in PARTS.items() if not _has(layout, prefix)]
    if missing:
        raise _incomplete(source, f"It lacks {' and '.join(missing)}")
    try:
        pipeline = StableDiffusionPipeline.from_single_file(
            source.location, config=str(configs), torch_dtype=dtype, local_files_only=True, disable_mmap=False
        )
    except (SingleFileComponentError, KeyError, ValueError, RuntimeError) as fault:
        raise _incomplete(source, f"Its weights do not fit together: {str(fault)[:200]}") from fault
    _whole(source, pipeline)
    if "v_pred" in layout.entries:
        pipeline.scheduler.register_to_config(prediction_type="v_prediction")
    if "ztsnr" in layout.entries:
        pipeline.scheduler.register_to_config(rescale_betas_zero_snr=True)
    return pipeline


def _whole(source: Source, pipeline: StableDiffusionPipeline) -> None:
    """Weights that were not in the file stay on the meta device; that must not pass unseen."""
    for module in (pipeline.unet, pipeline.vae, pipeline.text_encoder):
        absent = [name for name, weight in module.named_parameters() if weight.is_meta]
        if absent:
            raise _incomplete(source, f"{len(absent)} weights are missing, the first is {absent[0]}")


def _has(layout: Layout, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in layout.entries)


def _incomplete(source: Source, why: str) -> ModelError:
    return ModelError(f"{source.title} is not a complete model", why=why, remedy="Get the full checkpoint.")
