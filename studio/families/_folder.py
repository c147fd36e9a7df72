"""Opening a diffusers folder, component by component, so that nothing missing goes unseen."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.errors import ModelError
from studio.models.layout import weight_files
from studio.models.parts import part_folder
from studio.models.source import Source

if TYPE_CHECKING:
    import torch


def open_parts(source: Source, parts: Mapping[str, str], dtype: torch.dtype) -> dict[str, Any]:
    """The parts of the model in a diffusers folder by name, on the processor.

    `parts` maps a part's name to its class, as "diffusers.AutoencoderKL"; the scheduler's is the one
    that the folder names. Raises `ModelError` naming what is missing.
    """
    for part in parts:
        if not part_folder(source.path, part).is_dir():
            raise incomplete(source, f"The part “{part}” is missing")
    return {part: _open(source, part, told, dtype) for part, told in parts.items()}


def open_scheduler(source: Source) -> Any:
    """The scheduler of the class that its configuration names."""
    import diffusers

    config = diffusers.DDIMScheduler.load_config(part_folder(source.path, "scheduler"))
    return getattr(diffusers, config["_class_name"]).from_config(config)


def incomplete(source: Source, why: str) -> ModelError:
    """The fault of a model that lacks something."""
    return ModelError(f"{source.title} is not a complete model", why=why, remedy="Get the model again.")


def _open(source: Source, part: str, told: str, dtype: torch.dtype) -> Any:
    if part == "scheduler":
        return open_scheduler(source)
    library, _, name = told.partition(".")
    cls = getattr(importlib.import_module(library), name)
    if part.startswith("tokenizer"):
        return cls.from_pretrained(part_folder(source.path, part), local_files_only=True)
    return _weights(source, part, cls, dtype)


def _weights(source: Source, part: str, cls: Any, dtype: torch.dtype) -> Any:
    folder = part_folder(source.path, part)
    files = weight_files(folder)
    if not files:
        raise incomplete(source, f"The part “{part}” has no .safetensors weights")
    try:
        module, info = cls.from_pretrained(
            folder,
            variant="fp16" if ".fp16" in files[0].name else None,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **{"dtype" if cls.__module__.startswith("transformers.") else "torch_dtype": dtype},
        )
    except (OSError, ValueError, RuntimeError) as fault:
        raise incomplete(source, f"The part “{part}” cannot be read: {str(fault)[:200]}") from fault
    absent = [key for key in info["missing_keys"] if not key.endswith("position_ids")]
    if absent:
        raise incomplete(source, f"The part “{part}” lacks {len(absent)} weights, the first is {absent[0]}")
    return module
