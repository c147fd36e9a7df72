"""Names of layers in adapter files, and the layers of a model that they mean.

The one place where a module's path becomes a kohya key. The other way round goes through a table
of the model's own layers, because underscores cannot be turned back into dots by rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.adapters.original_names import original_names

if TYPE_CHECKING:
    from studio.families._base import Model

DENOISER = "denoiser"
DENOISER_PREFIX = "lora_unet"
CLIP = re.compile(r"(encoder\.layers|embeddings|final_layer_norm)\b")


def kohya_key(prefix: str, path: str) -> str:
    """The name of a layer in a kohya file: `lora_unet_down_blocks_0_attentions_0_…`.

    `prefix` is `lora_unet` or the family's prefix of a text encoder. A CLIP encoder's paths have
    `text_model.` in files, whether or not the installed transformers has it.
    """
    if prefix.startswith("lora_te"):
        path = clip_path(path)
    return f"{prefix}_{path.replace('.', '_')}"


def clip_path(path: str) -> str:
    """A path in a CLIP text encoder as files have it, with `text_model.` in front."""
    return f"text_model.{path}" if CLIP.match(path) else path


@dataclass(frozen=True)
class Layer:
    """A linear or convolution layer of a model: the part it lies in, its path there, its weight's shape."""

    part: str
    path: str
    shape: tuple[int, ...]


class LayerTable:
    """The layers of a model that an adapter can change, found by any name that files use for them.

    Understood are kohya's names (with diffusers' or the original block names of a UNet), diffusers'
    (`unet.…`, `transformer.…`, `text_encoder.…`) and peft's (`base_model.model.…`). `title` is the
    model's, for sentences.
    """

    def __init__(self, title: str, layers: Iterable[Layer], text_prefixes: Mapping[str, str]) -> None:
        self.title, self.layers = title, tuple(layers)
        denoiser = [layer for layer in self.layers if layer.part == DENOISER]
        original = original_names([layer.path for layer in denoiser])
        self._named: dict[str, Layer] = {}
        for layer in denoiser:
            self._named |= dict.fromkeys(_denoiser_names(layer.path), layer)
            if layer.path in original:
                self._named[kohya_key(DENOISER_PREFIX, original[layer.path])] = layer
        for part, prefix in text_prefixes.items():
            for layer in self.layers:
                if layer.part == part:
                    self._named |= dict.fromkeys(_text_names(part, prefix, layer.path), layer)

    def find(self, name: str) -> Layer | None:
        """The layer that a file calls by this name, if the model has it."""
        return self._named.get(name.removeprefix("base_model.model."))


def layer_table(model: Model) -> LayerTable:
    """The table of an opened model."""
    parts = {DENOISER: model.denoiser, **model.text_encoders}
    layers = (layer for part, module in parts.items() for layer in _layers(part, module))
    return LayerTable(model.family.title, layers, model.family.text_prefixes)


def _layers(part: str, root: object) -> Iterator[Layer]:
    from torch import nn

    assert isinstance(root, nn.Module)
    for path, module in root.named_modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            yield Layer(part, path, tuple(module.weight.shape))


def _denoiser_names(path: str) -> list[str]:
    return [kohya_key(DENOISER_PREFIX, path), f"unet.{path}", f"transformer.{path}", path]


def _text_names(part: str, prefix: str, path: str) -> list[str]:
    full = clip_path(path)
    bare = full.removeprefix("text_model.")
    first = ["lora_te", "lora_te1"] if part == "text_encoder" else []
    names = [f"{each}_{form.replace('.', '_')}" for each in {prefix, *first} for form in (full, bare)]
    return [*names, f"{part}.{full}", f"{part}.{bare}"]
