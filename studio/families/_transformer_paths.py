"""From the names in a transformer's original checkpoint to the layers that it has once it is opened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from studio.adapters.naming import DENOISER
from studio.families._base import Layers
from studio.models.layout import Layout

BEFORE = "model.diffusion_model."
TEXTS = {
    "text_encoders.clip_l.transformer.": "text_encoder",
    "text_encoders.clip_g.transformer.": "text_encoder_2",
}
Shape = tuple[int, ...]


def transformer_layers(layout: Layout, table: Mapping[str, Mapping[str, str]]) -> Layers:
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


def _ours(path: str, shape: Shape, table: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Shape]]:
    for prefixes, names in table.items():
        ours, theirs = prefixes.split("=")
        block = re.match(re.escape(theirs).replace(r"\{\}", r"(\d+)"), path)
        joined = names.get(path[block.end() :]) if block else None
        if block is None or joined is None:
            continue
        layers = joined.removeprefix("swapped ").split()
        number = block[1] if block.groups() else ""
        for layer, rows in zip(layers, _rows(shape, len(layers)), strict=True):
            yield ours.format(number) + layer, (rows, *shape[1:])


def _rows(shape: Shape, count: int) -> list[int]:
    """Query, key and value have as many rows as columns; what follows them has the rest."""
    if count < 4:
        return [shape[0] // count] * count
    return [shape[1]] * (count - 1) + [shape[0] - (count - 1) * shape[1]]
