"""Originals: W₀ of the layers that a mix has changed, kept in memory or read again from the model's files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from studio.adapters.layers import DENOISER, Layer
from studio.models.parts import part_folder

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ON_CARD = 6 * 2**30  # bytes of a card that must stay free for the work itself


class Originals(Protocol):
    """Where W₀ comes from; the same bits each time."""

    status: str
    """What a person should know of it, empty where there is nothing."""

    def keep(self, layer: Layer, weight: Tensor) -> None:
        """Before the weight is changed for the first time."""

    def get(self, layer: Layer) -> Tensor:
        """W₀ of a layer that was kept."""

    def forget(self, layers: Iterable[Layer]) -> None:
        """Nothing changes these any more."""


class InMemory:
    """Copies: on the card while it has plenty of room, else in the machine's memory, pinned for a card."""

    status = ""

    def __init__(self) -> None:
        self._kept: dict[Layer, Tensor] = {}

    @property
    def layers(self) -> frozenset[Layer]:
        """Those of which there is a copy."""
        return frozenset(self._kept)

    def keep(self, layer: Layer, weight: Tensor) -> None:
        """Copy the weight."""
        import torch

        if layer in self._kept:
            return
        if not weight.is_cuda:
            self._kept[layer] = weight.detach().to("cpu", copy=True)
        elif torch.cuda.mem_get_info(weight.device)[0] > ON_CARD:
            self._kept[layer] = weight.detach().clone()
        else:
            self._kept[layer] = weight.detach().to("cpu", copy=True).pin_memory()

    def get(self, layer: Layer) -> Tensor:
        """The copy."""
        return self._kept[layer]

    def forget(self, layers: Iterable[Layer]) -> None:
        """Give the memory back."""
        for layer in layers:
            self._kept.pop(layer, None)


class InFiles:
    """Read from a diffusers folder each time, for machines whose memory is too small for copies."""

    status = "Moving a slider takes a little longer, because this machine's memory is short."

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: dict[str, Mapping[str, Path]] = {}
        self._types: dict[Layer, torch.dtype] = {}

    def keep(self, layer: Layer, weight: Tensor) -> None:
        """Remember only the type of its numbers."""
        self._types[layer] = weight.dtype

    def get(self, layer: Layer) -> Tensor:
        """Read it, in the type in which the model was opened."""
        from safetensors import safe_open

        for name in _spellings(layer):
            if file := self._files(layer.part).get(name):
                with safe_open(file, framework="pt") as opened:
                    weight: Tensor = opened.get_tensor(name)
                return weight.to(self._types[layer])
        raise KeyError(layer)

    def forget(self, layers: Iterable[Layer]) -> None:
        """Nothing to give back."""

    def _files(self, part: str) -> Mapping[str, Path]:
        """The file of each weight of a part."""
        if part not in self._parts:
            names = ("unet", "transformer") if part == DENOISER else (part,)
            places = (part_folder(self._folder, name) for name in names)
            folder = next(place for place in places if place.is_dir())
            self._parts[part] = dict(_weights(folder))
        return self._parts[part]


def _weights(folder: Path) -> Iterable[tuple[str, Path]]:
    from studio.models.layout import read_header, weight_files

    for file in weight_files(folder):
        yield from ((name, file) for name in read_header(file))


def _spellings(layer: Layer) -> tuple[str, ...]:
    """A CLIP encoder's weights have `text_model.` in front in older folders."""
    name = f"{layer.path}.{layer.parameter}"
    return (name,) if layer.part == DENOISER else (name, f"text_model.{name}")
