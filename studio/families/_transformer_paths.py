"""From the names in a transformer's original checkpoint to the layers that it has once it is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from studio.adapters.naming import DENOISER
from studio.adapters.original_transformers import FLUX
from studio.families._base import Layers
from studio.models.layout import Layout

if TYPE_CHECKING:
    from torch import Tensor

BEFORE = "model.diffusion_model."
TEXTS = {
    "text_encoders.clip_l.transformer.": "text_encoder",
    "text_encoders.clip_g.transformer.": "text_encoder_2",
}
Shape = tuple[int, ...]
Table = Mapping[str, Mapping[str, str]]
NORM = (
    r"(?P<stream>single|double)_blocks\.(?P<block>\d+)\.((?P<side>img|txt)_attn\.)?norm\."
    r"(?P<what>query|key)_norm\.scale"
)


def transformer_layers(layout: Layout, table: Table) -> Layers:
    """The weights of a transformer and its CLIPs in one file, by part and path; empty for a folder.

    `table` is one of `studio.adapters.original_transformers`.
    """
    found: dict[str, dict[str, Shape]] = {}
    for name, entry in layout.entries.items():
        if not name.endswith(".weight") or len(entry.shape) not in (2, 4):
            continue
        path = name.removesuffix(".weight")
        own = dict(_ours(path.removeprefix(BEFORE), entry.shape, table))
        if own:
            found.setdefault(DENOISER, {}).update(own)
        for prefix, part in TEXTS.items():
            if path.startswith(prefix):
                found.setdefault(part, {})[path.removeprefix(prefix)] = entry.shape
    return found


def flux_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of a FLUX checkpoint, by the names in diffusers' transformer; joined layers are taken apart."""
    import torch

    told: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        path, _, role = name.rpartition(".")
        if norm := re.fullmatch(NORM, name):
            single = "single_" if norm["stream"] == "single" else ""
            added = "added_" if norm["side"] == "txt" else ""
            told[f"{single}transformer_blocks.{norm['block']}.attn.norm_{added}{norm['what'][0]}.weight"] = (
                tensor
            )
            continue
        layers, swapped, width = (
            _joined(path, FLUX),
            "final_layer.adaLN" in path,
            weights["img_in.weight"].shape[0],
        )
        rows = _rows((tensor.shape[0], width), len(layers)) if layers else []
        for layer, own in zip(layers, tensor.split(rows) if layers else (), strict=True):
            told[f"{layer}.{role}"] = torch.cat(own.chunk(2)[::-1]) if swapped else own
    return told


def _ours(path: str, shape: Shape, table: Table) -> Iterator[tuple[str, Shape]]:
    layers = _joined(path, table)
    for layer, rows in zip(layers, _rows(shape, len(layers)) if layers else (), strict=True):
        yield layer, (rows, *shape[1:])


def _joined(path: str, table: Table) -> list[str]:
    """The layers of which an original one has the rows, in their order."""
    for prefixes, names in table.items():
        ours, theirs = prefixes.split("=")
        block = re.match(re.escape(theirs).replace(r"\{\}", r"(\d+)"), path)
        joined = names.get(path[block.end() :]) if block else None
        if block is not None and joined is not None:
            number = block[1] if block.groups() else ""
            return [ours.format(number) + layer for layer in joined.removeprefix("swapped ").split()]
    return []


def _rows(shape: Shape, count: int) -> list[int]:
    """Query, key and value have as many rows as columns; what follows them has the rest."""
    if count < 4:
        return [shape[0] // count] * count
    return [shape[1]] * (count - 1) + [shape[0] - (count - 1) * shape[1]]
