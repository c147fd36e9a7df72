"""Baking: adapters made part of a checkpoint, whose file is copied and changed where they act."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.adapters.base_files import found, header_of
from studio.adapters.layers import Layer, Place
from studio.adapters.mixing import Portion
from studio.adapters.naming import LayerTable
from studio.adapters.workbench.loose import Progress
from studio.adapters.workbench.saving import rewrite_metadata
from studio.errors import AdapterError
from studio.models.layout import weight_files
from studio.models.parts import BORROWED, part_folders

if TYPE_CHECKING:
    from torch import Tensor


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
    pieces = list(found(source, table))
    _demand_all(portions, [place for *_, place in pieces])
    unfinished = target.with_name(f".{target.name}.part")
    try:
        copies = _copied(source, unfinished, _lineage(source, portions))
        for number, (file, key, place) in enumerate(pieces):
            if progress:
                progress(number, len(pieces))
            if any(layer in portion.adapter.changes for portion in portions for layer, _ in place.parts):
                _change(copies[file], key, place, portions)
        os.replace(unfinished, target)
    finally:
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        unfinished.unlink(missing_ok=True)


def _lineage(source: Path, portions: Sequence[Portion]) -> dict[str, str]:
    told = (f"{p.adapter.name}:{p.weight:g} ({p.adapter.receipt.hash[:12]})" for p in portions)
    return {"modelspec.merged_from": ", ".join((source.stem, *told)), "modelspec.hash_sha256": ""}


def _copied(source: Path, target: Path, words: Mapping[str, str]) -> dict[Path, Path]:
    """Copy a checkpoint, or a folder with the parts that it borrows; where each file of weights went."""
    if source.is_file():
        rewrite_metadata(source, target, changes=words)
        return {source: target}
    target.mkdir(parents=True)
    copies: dict[Path, Path] = {}
    for file in source.iterdir():
        if file.is_file() and file.name != BORROWED:
            shutil.copy2(file, target)
    for name, place in part_folders(source).items():
        if name in _components(source):
            weights = weight_files(place)
            names = [file.name for file in weights]
            shutil.copytree(place, target / name, ignore=shutil.ignore_patterns(*names))
            copies |= {file: target / name / file.name for file in weights}
    for file, copy in copies.items():
        rewrite_metadata(file, copy, changes=words)
    return copies


def _components(folder: Path) -> Collection[str]:
    """The parts that the model names; a folder may hold others beside."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    return [name for name, value in index.items() if isinstance(value, list)]


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
    header = header_of(file)
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
