"""Opening an original checkpoint: one file in the layout that Civitai and ComfyUI use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from studio.errors import ModelError
from studio.models.layout import Layout
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch

    from studio.families.sd1 import StableDiffusion1


class WithTokenizers(Protocol):
    """A family whose tokenizers come with the studio: where they lie, and how each fills up a prompt."""

    @property
    def configs(self) -> Path: ...
    @property
    def padding(self) -> Mapping[str, str]: ...


def open_checkpoint(
    source: Source, layout: Layout, family: StableDiffusion1, dtype: torch.dtype
) -> dict[str, Any]:
    """The parts of a model in a single file by name, on the processor; all but the weights is the family's.

    A weight named "v_pred" or "ztsnr" marks a model that predicts v, or whose last timestep is
    pure noise, as trainers and ComfyUI write it. Raises `ModelError` naming what is missing.
    """
    import diffusers
    from diffusers.loaders.single_file_utils import SingleFileComponentError

    missing = [title for prefix, title in family.in_file.items() if not _has(layout, prefix)]
    if missing:
        raise _incomplete(source, f"It lacks {' and '.join(missing)}")
    index = diffusers.DiffusionPipeline.load_config(family.configs, local_files_only=True)
    try:
        pipeline = getattr(diffusers, index["_class_name"]).from_single_file(
            source.location,
            config=str(family.configs),
            torch_dtype=dtype,
            local_files_only=True,
            disable_mmap=False,
            **tokenizers(family),
        )
    except (SingleFileComponentError, KeyError, ValueError, RuntimeError) as fault:
        raise _incomplete(source, f"Its weights do not fit together: {str(fault)[:200]}") from fault
    parts = {part: getattr(pipeline, part) for part in family.parts}
    _whole(source, parts)
    if "v_pred" in layout.entries:
        parts["scheduler"].register_to_config(prediction_type="v_prediction")
    if "ztsnr" in layout.entries:
        parts["scheduler"].register_to_config(rescale_betas_zero_snr=True)
    return parts


def tokenizers(family: WithTokenizers) -> dict[str, Any]:
    """The family's own tokenizers by name; they differ in how they fill up a prompt."""
    from transformers import CLIPTokenizer

    return {
        part: CLIPTokenizer.from_pretrained(part_folder(family.configs, part), pad_token=pad)
        for part, pad in family.padding.items()
    }


def _whole(source: Source, parts: dict[str, Any]) -> None:
    """Weights that were not in the file stay on the meta device; that must not pass unseen."""
    for part in parts.values():
        weights = part.named_parameters() if hasattr(part, "named_parameters") else ()
        absent = [name for name, weight in weights if weight.is_meta]
        if absent:
            raise _incomplete(source, f"{len(absent)} weights are missing, the first is {absent[0]}")


def _has(layout: Layout, prefix: str) -> bool:
    return any(name.startswith(prefix) for name in layout.entries)


def _incomplete(source: Source, why: str) -> ModelError:
    return ModelError(f"{source.title} is not a complete model", why=why, remedy="Get the full checkpoint.")
