"""Conversion between the formats of kohya's trainer, diffusers and peft."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.adapters.keying import diffusers_metadata, kohya_changes, peft_config, peft_tensors
from studio.adapters.layers import DENOISER, Layer
from studio.adapters.naming import LayerTable
from studio.adapters.reading import Adapter
from studio.adapters.workbench.saving import lineage
from studio.adapters.writing import write_adapter
from studio.errors import AdapterError
from studio.workspace import writing

if TYPE_CHECKING:
    import torch
    from torch import Tensor

FORMATS = ("kohya", "diffusers", "peft")


def convert(
    adapter: Adapter, table: LayerTable, target: Path, *, to: str, dtype: torch.dtype | None = None
) -> Path:
    """Write an adapter in another format, float16 if no type is named; returns the file or the folder.

    peft's format is a folder with the denoiser's part alone. Raises `AdapterError` for an unknown
    format, a target that exists, and kinds that the format does not know.
    """
    import torch

    dtype = dtype or torch.float16
    came = {"modelspec.merged_from": lineage([(adapter.name, adapter.receipt.hash)])}
    if to not in FORMATS:
        raise AdapterError(f"There is no format called “{to}”", remedy=f"Use {', '.join(FORMATS)}.")
    if target.exists():
        raise AdapterError(f"{target.name} exists already", remedy="Choose another name.")
    if to == "kohya":
        write_adapter(
            target, kohya_changes(adapter.changes, table), {**adapter.metadata, **came}, dtype=dtype
        )
        return target
    changes = {layer: each for layer, each in adapter.changes.items() if layer.parameter == "weight"}
    if to == "diffusers":
        component = components(table)
        metadata = diffusers_metadata(changes, component)  # with ss_* beside it, diffusers would refuse it
        _write(target, peft_tensors(changes, component), metadata | came, dtype)
        return target
    own = {layer: each for layer, each in changes.items() if layer.part == DENOISER}
    tensors = peft_tensors(own, {DENOISER: "base_model.model."})
    _write(target / "adapter_model.safetensors", tensors, {"format": "pt", **came}, dtype)
    with writing(target / "adapter_config.json") as file:
        json.dump(peft_config(own), file, indent=1)
    return target


def components(table: LayerTable) -> dict[str, str]:
    """What stands before a path in diffusers' format, by part."""
    transformer = any(_in_transformer(layer) for layer in table.layers)
    denoiser = "transformer." if transformer else "unet."
    return {DENOISER: denoiser, **{part: f"{part}." for part in table.text_prefixes}}


def _in_transformer(layer: Layer) -> bool:
    return layer.part == DENOISER and layer.path.startswith(("transformer_blocks.", "layers."))


def _write(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], dtype: torch.dtype
) -> None:
    from safetensors.torch import save

    told = {
        key: each.detach().to("cpu", each.dtype if "magnitude" in key else dtype, copy=True).contiguous()
        for key, each in tensors.items()
    }
    with writing(path, "wb") as file:
        cast("IO[bytes]", file).write(save(told, metadata=dict(metadata)))
