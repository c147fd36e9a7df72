"""Layers of a model, and places: where in the model a file's layer lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.families._base import Model

DENOISER = "denoiser"


@dataclass(frozen=True)
class Layer:
    """What an adapter can change: the part of the model, the module's path there, the weight's shape.

    `parameter` is "weight", or "bias" for the other tensor of the same module.
    """

    part: str
    path: str
    shape: tuple[int, ...]
    parameter: str = "weight"


@dataclass(frozen=True)
class Place:
    """What a file's layer of this shape means in the model: one layer, or several that it joins.

    Beside each stand the rows that are its own; none means all of them.
    """

    shape: tuple[int, ...]
    parts: tuple[tuple[Layer, tuple[slice, ...]], ...]


def whole(layer: Layer) -> Place:
    """The place that is one layer as it is."""
    return Place(layer.shape, ((layer, ()),))


def joined(layers: tuple[Layer, ...], *, swapped: bool = False) -> Place:
    """The place of a layer that joins the rows of several, or holds the halves of one exchanged."""
    rows = sum(layer.shape[0] for layer in layers)
    shape = (rows, *layers[0].shape[1:])
    if swapped:
        return Place(shape, ((layers[0], (slice(rows // 2, rows), slice(0, rows // 2))),))
    if len(layers) == 1:
        return whole(layers[0])
    parts, start = [], 0
    for layer in layers:
        parts.append((layer, (slice(start, start + layer.shape[0]),)))
        start += layer.shape[0]
    return Place(shape, tuple(parts))


def parts_of(model: Model) -> dict[str, object]:
    """The parts that adapters change: the denoiser and the text encoders, by name."""
    return {DENOISER: model.denoiser, **model.text_encoders}


def layers_of(part: str, root: object) -> Iterator[Layer]:
    """The linear and convolution layers of a part; a quantised one has the shape of what it stands for."""
    from torch import nn

    assert isinstance(root, nn.Module)
    for path, module in root.named_modules():
        if isinstance(module, nn.Linear):
            yield Layer(part, path, (module.out_features, module.in_features))
        elif isinstance(module, nn.Conv2d):
            yield Layer(part, path, tuple(module.weight.shape))


def others_of(part: str, root: object) -> Iterator[Layer]:
    """Biases, and the weights of norms, which only full differences change."""
    from torch import nn

    assert isinstance(root, nn.Module)
    for path, module in root.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            norm = name == "weight" and parameter.ndim == 1
            if norm or name == "bias":
                yield Layer(part, path, tuple(parameter.shape), name)
