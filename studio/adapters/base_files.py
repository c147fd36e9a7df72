"""A base model's weights as they lie in its files, by the layers that adapters change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from studio.adapters.layers import DENOISER, Layer, Place, whole
from studio.adapters.naming import LayerTable
from studio.models.header import Header, read_header
from studio.models.identify import identify
from studio.models.layout import LARGEST_HEADER, MOST_TENSORS, Layout, read_layout, weight_files
from studio.models.parts import part_folders
from studio.models.source import Source

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Family

# The first text encoder in original checkpoints of SD1 and of SDXL.
TEXT = ("cond_stage_model.transformer.", "conditioner.embedders.0.transformer.")
Piece = tuple[Path, str, tuple[slice, ...]]
"""The file of a weight, its key there, and the rows of it that are meant; none for all."""


class BaseFiles:
    """The files of one base model on this machine; raises `ModelError` for one that is not known."""

    def __init__(self, source: Source) -> None:
        self.source, self.family = source, identify(source)
        self.table = file_table(self.family, read_layout(source))

    @cached_property
    def _pieces(self) -> Mapping[Layer, Piece]:
        pieces: dict[Layer, Piece] = {}
        for file, key, place in found(self.source.path, self.table):
            for layer, rows in place.parts:
                pieces.setdefault(layer, (file, key, rows))
        return pieces

    def weight(self, layer: Layer) -> Tensor:
        """W₀ of one layer, in the type that the file has; raises `KeyError` where it has none."""
        import torch
        from safetensors import safe_open

        file, key, rows = self._pieces[layer]
        with safe_open(file, framework="pt") as opened:
            weight: Tensor = opened.get_tensor(key)
        part = torch.cat([weight[row] for row in rows]) if rows else weight
        return part.reshape(layer.shape)

    def shared_with(self, other: BaseFiles) -> list[Layer]:
        """The layers that both have."""
        return [layer for layer in self.table.layers if layer in self._pieces and layer in other._pieces]

    def joined(self, place: Place) -> Tensor:
        """W₀ of a file's layer, which may join several of the model's."""
        import torch

        whole = torch.zeros(place.shape)
        for layer, rows in place.parts:
            weight, start = self.weight(layer).float(), 0
            for row in rows or (slice(0, place.shape[0]),):
                count = len(range(*row.indices(place.shape[0])))
                whole[row] = weight[start : start + count].reshape(count, *place.shape[1:])
                start += count
        return whole


def file_table(family: Family, layout: Layout) -> LayerTable:
    """The layers of a model that is not opened; without torch."""
    shapes = family.layers(layout)
    layers = [Layer(part, path, shape) for part, found in shapes.items() for path, shape in found.items()]
    return LayerTable(family.title, layers, family.text_prefixes, _others(family, layout))


def _others(family: Family, layout: Layout) -> Iterator[Layer]:
    """Biases, and the weights of norms, as far as the names are diffusers' own."""
    parts = {"unet": DENOISER, "transformer": DENOISER, **{name: name for name in family.text_prefixes}}
    for name, entry in layout.entries.items():
        component, _, rest = name.partition(".")
        path, _, parameter = rest.rpartition(".")
        if component in parts and parameter in ("weight", "bias") and len(entry.shape) == 1:
            yield Layer(parts[component], path, entry.shape, parameter)


def found(source: Path, table: LayerTable) -> Iterator[tuple[Path, str, Place]]:
    """Each weight of a checkpoint or folder that the model has: its file, its key there, its place."""
    yield from _in_folder(source, table) if source.is_dir() else _in_file(source, table)


def _in_folder(folder: Path, table: LayerTable) -> Iterator[tuple[Path, str, Place]]:
    known = {(layer.part, layer.path): layer for layer in table.layers}
    parts = {"unet": DENOISER, "transformer": DENOISER}
    for name, place in part_folders(folder).items():
        part = parts.get(name, name)
        for file in weight_files(place):
            for key in header_of(file).tensors:
                path = key.removesuffix(".weight")
                bare = path.removeprefix("text_model.")
                spelled = ((part, each) for each in (path, bare, f"text_model.{path}"))
                layer = next((known[each] for each in spelled if each in known), None)
                if layer is not None and path != key:
                    yield file, key, whole(layer)


def _in_file(file: Path, table: LayerTable) -> Iterator[tuple[Path, str, Place]]:
    for key in header_of(file).tensors:
        name = key.removesuffix(".weight")
        for prefix in TEXT:
            if name.startswith(prefix):
                name = f"text_encoder.{name.removeprefix(prefix)}"
        place = table.find(name)
        if place is not None and key.endswith(".weight"):
            yield file, key, place


def header_of(file: Path) -> Header:
    """The header of a base's file, which may be larger than that of an adapter."""
    return read_header(file, largest=LARGEST_HEADER, most=MOST_TENSORS)
