"""Keying: the changes of a model's layers under the keys of a file format."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studio.adapters.factors import Delta, Difference, Dora, Factors, is_plain
from studio.adapters.layers import DENOISER, Layer, Place
from studio.adapters.naming import LayerTable, clip_path, kohya_key
from studio.adapters.receipt import NOT_THERE
from studio.errors import AdapterError

if TYPE_CHECKING:
    from torch import Tensor


def kohya_changes(changes: Mapping[Layer, Delta], table: LayerTable) -> dict[str, Delta]:
    """By kohya's keys for the model's family; layers that a key joins become one, exactly.

    Where that cannot be (of kinds that are no product of two matrices), the layers get LyCORIS'
    names for diffusers' models, which ComfyUI reads too. Raises `AdapterError` for another base.
    """
    told: dict[str, Delta] = {}
    left = {layer: change for layer, change in changes.items() if layer.parameter == "weight"}
    for key, place in table.kohya_places():
        there = [layer for layer, _ in place.parts if layer in left]
        if not there:
            continue
        found = _joined(place, [left.get(layer) for layer, _ in place.parts])
        if found is not None:
            told[key] = found
        else:
            told |= {kohya_key("lycoris", layer.path): left[layer] for layer in there}
        for layer in there:
            del left[layer]
    if left:
        raise AdapterError(f"“{next(iter(left)).path}” cannot be named", why=NOT_THERE)
    return told


def by_layer(parts: Mapping[str, Mapping[str, Delta]], table: LayerTable) -> dict[Layer, Delta]:
    """Changes given by part ("denoiser", "text_encoder" …) and module path, by the layers of a model.

    What a training learned, on its way into a file; raises `AdapterError` for a path that is not there.
    """
    known = {(layer.part, layer.path): layer for layer in table.layers}
    told: dict[Layer, Delta] = {}
    for part, changes in parts.items():
        for path, change in changes.items():
            if (part, path) not in known:
                raise AdapterError(f"“{path}” cannot be named", why=NOT_THERE)
            told[known[part, path]] = change
    return told


def _joined(place: Place, changes: Sequence[Delta | None]) -> Delta | None:
    """One change for a layer that joins several; None where there is none of its kind."""
    (_, rows), *others = place.parts
    if not others:
        (change,) = changes
        return change.rows(rows, place.shape) if rows and change else change  # its halves exchanged back
    if all(change is None or is_plain(change) for change in changes):
        return _block_diagonal(place, changes)
    if all(isinstance(change, Difference) for change in changes):
        import torch

        return Difference(torch.cat([c.diff for c in changes if isinstance(c, Difference)]))
    return None


def _block_diagonal(place: Place, changes: Sequence[Delta | None]) -> Factors:
    """[[B₁ 0] [0 B₂]] · [A₁; A₂]: each part keeps its own factors; scales that differ go into B."""
    import torch

    parts = [change for change in changes if isinstance(change, Factors)]
    even = len({change.scale for change in parts}) == 1
    rank, column = sum(change.rank for change in parts), 0
    up = torch.zeros(place.shape[0], rank, dtype=parts[0].up.dtype if even else torch.float32)
    for (_, (rows,)), change in zip(place.parts, changes, strict=True):
        if isinstance(change, Factors):
            own = change.up.flatten(1)
            up[rows, column : column + change.rank] = own if even else own.float() * change.scale
            column += change.rank
    down = torch.cat([change.down.flatten(1) for change in parts])
    return Factors(down, up, (parts[0].scale if even else 1.0) * rank)


def peft_tensors(changes: Mapping[Layer, Delta], component: Mapping[str, str]) -> dict[str, Tensor]:
    """LoRA and DoRA by peft's names; `component` is what stands before the path in each part.

    Raises `AdapterError` for other kinds, which diffusers does not read.
    """
    told: dict[str, Tensor] = {}
    for layer, change in changes.items():
        core = change.core if isinstance(change, Dora) else change
        if not is_plain(core):
            raise AdapterError(
                "Only LoRA and DoRA can be written in this format",
                why=f"“{layer.path}” is of another kind",
                remedy="Resize it first, which makes a LoRA of it.",
            )
        name = component[layer.part] + (layer.path if layer.part == DENOISER else clip_path(layer.path))
        told |= {f"{name}.lora_A.weight": core.down, f"{name}.lora_B.weight": core.up}
        if isinstance(change, Dora):
            if change.on_input:
                raise AdapterError("peft knows no DoRA of inputs", remedy="Keep kohya's format for it.")
            told[f"{name}.lora_magnitude_vector"] = _magnitude(change, layer)
    return told


def _magnitude(change: Dora, layer: Layer) -> Tensor:
    """peft has the magnitudes of a linear layer in a row, those of a convolution as channels."""
    flat = change.magnitude.flatten()
    return flat.reshape(1, -1, 1, 1) if len(layer.shape) == 4 else flat


def peft_config(changes: Mapping[Layer, Delta]) -> dict[str, Any]:
    """Rank and alpha as peft keeps them: the most frequent, and patterns for the others."""
    factors = {layer.path: c.core if isinstance(c, Dora) else c for layer, c in changes.items()}
    ranks = {path: change.rank for path, change in factors.items()}
    alphas = {path: change.alpha for path, change in factors.items() if isinstance(change, Factors)}
    rank, alpha = (Counter(told.values()).most_common(1)[0][0] for told in (ranks, alphas))
    return {
        "r": rank,
        "lora_alpha": alpha,
        "rank_pattern": {path: each for path, each in ranks.items() if each != rank},
        "alpha_pattern": {path: each for path, each in alphas.items() if each != alpha},
        "target_modules": sorted(factors),
        "use_dora": any(isinstance(change, Dora) for change in changes.values()),
        "peft_type": "LORA",
    }


def diffusers_metadata(changes: Mapping[Layer, Delta], component: Mapping[str, str]) -> dict[str, str]:
    """Alpha and rank as diffusers keeps them in a file's metadata."""
    packed: dict[str, Any] = {}
    for part, prefix in component.items():
        own = {layer: change for layer, change in changes.items() if layer.part == part}
        if own:
            packed |= {f"{prefix}{key}": value for key, value in peft_config(own).items()}
    return {"lora_adapter_metadata": json.dumps(packed, sort_keys=True), "format": "pt"}
