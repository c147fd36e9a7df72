"""Baking: adapters made part of a checkpoint, whose file is copied and changed where they act."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.adapters.layers import DENOISER, Layer, Place, whole
from studio.adapters.mixing import Portion
from studio.adapters.naming import LayerTable
from studio.adapters.workbench.loose import Progress
from studio.adapters.workbench.saving import rewrite_metadata
from studio.errors import AdapterError
from studio.models.header import Header, read_header
from studio.models.layout import LARGEST_HEADER, MOST_TENSORS, weight_files

if TYPE_CHECKING:
    from torch import Tensor

# The first text encoder in original checkpoints of SD1 and of SDXL.
TEXT = ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer.")


def bake(
    source: Path,
    target: Path,
    portions: Sequence[Portion],
    table: LayerTable,
    progress: Progress | None = None,
) -> None:
    """Write W₀ + Σ wΔW of a checkpoint file or diffusers folder; one tensor is in memory at a time.

    Raises `AdapterError` if the target exists, or if an adapter changes something that the file
    does not have under a known name.
    """
    if target.exists():
        raise AdapterError(f"{target.name} exists already", remedy="Choose another name.")
    found = list(_found(source, table))
    _demand_all(portions, [place for *_, place in found])
    unfinished = target.with_name(f".{target.name}.part")
    told = ", ".join(f"{p.adapter.name}:{p.weight:g} ({p.adapter.receipt.hash[:12]})" for p in portions)
    try:
        if source.is_dir():
            shutil.copytree(source, unfinished)
        else:
            words = {"modelspec.merged_from": f"{source.stem}, {told}", "modelspec.hash_sha256": ""}
            rewrite_metadata(source, unfinished, changes=words)
        for number, (file, key, place) in enumerate(found):
            if progress:
                progress(number, len(found))
            if any(layer in portion.adapter.changes for portion in portions for layer, _ in place.parts):
                copy = unfinished / file.relative_to(source) if source.is_dir() else unfinished
                _change(copy, key, place, portions)
        os.replace(unfinished, target)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        unfinished.unlink(missing_ok=True)


def _found(source: Path, table: LayerTable) -> Iterator[tuple[Path, str, Place]]:
    """Each weight of the source that the model has: its file, its key there, and where it lies."""
    if source.is_dir():
        known = {(layer.part, layer.path): layer for layer in table.layers}
        for part in dict.fromkeys(layer.part for layer in table.layers):
            names = ("unet", "transformer") if part == DENOISER else (part,)
            for file in (file for name in names for file in weight_files(source / name)):
                for key in _header(file).tensors:
                    path = key.removesuffix(".weight")
                    layer = known.get((part, path)) or known.get((part, path.removeprefix("text_model.")))
                    if layer is not None and path != key:
                        yield file, key, whole(layer)
        return
    for key in _header(source).tensors:
        name = key.removesuffix(".weight")
        for prefix in TEXT:
            if name.startswith(prefix):
                name = f"text_encoder.{name.removeprefix(prefix)}"
        place = table.find(name)
        if place is not None and key.endswith(".weight"):
            yield source, key, place


def _demand_all(portions: Sequence[Portion], places: Sequence[Place]) -> None:
    there = {layer for place in places for layer, _ in place.parts}
    for portion in portions:
        missing = [layer for layer in portion.adapter.changes if layer not in there and portion.share(layer)]
        if missing:
            raise AdapterError(
                f"“{portion.adapter.name}” cannot be baked in as a whole",
                why=f"{len(missing)} of the layers that it changes are not in the file as such; "
                f"the first is {missing[0].part} {missing[0].path}",
                remedy="Bake into a diffusers folder, or split the part in the text encoders off first.",
            )


def _change(file: Path, key: str, place: Place, portions: Sequence[Portion]) -> None:
    """Write one tensor of the copied file anew, in the type and the place that it has."""
    from safetensors import safe_open

    with safe_open(file, framework="pt") as opened:
        weight: Tensor = opened.get_tensor(key).clone()
    for layer, rows in place.parts:
        _mix_into(weight, layer, rows, portions)
    header = _header(file)
    with file.open("r+b") as written:
        written.seek(header.data_start + header.tensors[key].start)
        written.write(_bytes(weight))


def _mix_into(weight: Tensor, layer: Layer, rows: tuple[slice, ...], portions: Sequence[Portion]) -> None:
    import torch

    old = torch.cat([weight[row] for row in rows]) if rows else weight
    original = old.float().reshape(layer.shape)
    mixed = original.clone()
    for portion in portions:
        change = portion.adapter.changes.get(layer)
        if change is not None and portion.share(layer):
            change.add_to(mixed, original, portion.share(layer))
    new, start = mixed.reshape(old.shape).to(weight.dtype), 0
    for row in rows or (slice(0, weight.shape[0]),):
        count = len(range(*row.indices(weight.shape[0])))
        weight[row] = new[start : start + count]
        start += count


def _bytes(tensor: Tensor) -> Any:
    import torch

    return tensor.contiguous().view(torch.uint8).numpy().tobytes()


def _header(file: Path) -> Header:
    return read_header(file, largest=LARGEST_HEADER, most=MOST_TENSORS)
