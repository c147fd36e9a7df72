"""Names of layers in adapter files, and the layers of a model that they mean.

The one place where a module's path becomes a kohya key. The other way round goes through a table
of the model's own layers, because underscores cannot be turned back into dots by rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from studio.adapters.layers import (
    DENOISER,
    Layer,
    Place,
    joined,
    layers_of,
    others_of,
    parts_of,
    whole,
)
from studio.adapters.original_names import original_names
from studio.adapters.original_transformers import dotted_prefix, joined_layers, kohya_layers

if TYPE_CHECKING:
    from studio.families._base import Model

__all__ = ["DENOISER", "DENOISER_PREFIX", "Layer", "LayerTable", "Place", "kohya_key", "layer_table"]

DENOISER_PREFIX = "lora_unet"
CLIP = re.compile(r"(encoder\.layers|embeddings|final_layer_norm)\b")
# What stands before a denoiser's path: kohya's, OneTrainer's and LyCORIS' names, then those with dots.
BEFORE_DENOISER = (
    *("lora_unet_", "lora_transformer_", "lycoris_unet_", "lycoris_transformer_", "lycoris_"),
    *("unet.", "transformer.", "diffusion_model.", "model.diffusion_model."),
)
# How ComfyUI calls the text encoder for which kohya has this prefix.
COMFY = {
    "lora_te": ("clip_l", "clip_h"),
    "lora_te1": ("clip_l",),
    "lora_te2": ("clip_g",),
    "lora_te3": ("t5xxl", "t5"),
}


def kohya_key(prefix: str, path: str) -> str:
    """The name of a layer in a kohya file: `lora_unet_down_blocks_0_attentions_0_…`.

    `prefix` is `lora_unet` or the family's prefix of a text encoder. A CLIP encoder's paths have
    `text_model.` in files, whether or not the installed transformers has it.
    """
    if prefix.startswith("lora_te"):
        path = clip_path(path)
    return f"{prefix}_{_flat(path)}"


def clip_path(path: str) -> str:
    """A path in a CLIP text encoder as files have it, with `text_model.` in front."""
    return f"text_model.{path}" if CLIP.match(path) else path


class LayerTable:
    """The layers of a model that an adapter can change, found by any name that files use for them.

    Understood are the names of kohya's trainer, OneTrainer, LyCORIS, ComfyUI, ai-toolkit, diffusers
    and peft, with diffusers' or the original names of the blocks. `layers` are those with matrices;
    biases and norms are found too. `title` is the model's, for sentences.
    """

    def __init__(
        self,
        title: str,
        layers: Iterable[Layer],
        text_prefixes: Mapping[str, str],
        others: Iterable[Layer] = (),
    ) -> None:
        self.title, self.layers, self.text_prefixes = title, tuple(layers), text_prefixes
        self._prefixes = dict(_prefixes(text_prefixes))
        self._named: dict[tuple[str, str, str], Place] = {}
        every = (*self.layers, *others)
        for layer in every:
            for name in _paths(layer):
                self._named[layer.part, _flat(name), layer.parameter] = whole(layer)
        for parameter in ("weight", "bias"):
            denoiser = {e.path: e for e in every if (e.part, e.parameter) == (DENOISER, parameter)}
            for name, place in _original_places(denoiser):
                self._named.setdefault((DENOISER, _flat(name), parameter), place)

    def find(self, name: str, parameter: str = "weight") -> Place | None:
        """What a file means by this name, if the model has it."""
        name = name.removeprefix("base_model.model.").replace(".processor.", ".")
        for end in (".lora_linear_layer", ".lora", "_lora"):
            name = name.removesuffix(end)
        for part, path in self._readings(name):
            for tried in (_flat(path), f"{_flat(path)}_0"):  # old files say to_out for to_out.0
                if place := self._named.get((part, tried, parameter)):
                    return place
        return None

    def kohya_places(self) -> Iterator[tuple[str, Place]]:
        """The key that kohya's trainer gives to each layer of this family, and where it lies.

        SD1 and SD2 files have diffusers' names of the blocks, SDXL, SD3 and FLUX files the original
        ones, in which one layer may join several. Z-Image's have the paths themselves, which is all that
        ComfyUI reads for it.
        """
        denoiser = {layer.path: layer for layer in self.layers if layer.part == DENOISER}
        if prefix := dotted_prefix(denoiser):
            yield from ((f"{prefix}{path}", whole(layer)) for path, layer in denoiser.items())
            return
        covered: set[str] = set()
        for name, (paths, swapped) in kohya_layers(denoiser):
            covered.update(paths)
            place = joined(tuple(denoiser[path] for path in paths), swapped=swapped)
            yield kohya_key(DENOISER_PREFIX, name), place
        original = original_names(denoiser) if "add_embedding.linear_1" in denoiser else {}
        for path in denoiser.keys() - covered:
            yield kohya_key(DENOISER_PREFIX, original.get(path, path)), whole(denoiser[path])
        for layer in self.layers:
            if layer.part != DENOISER:
                yield kohya_key(self.text_prefixes[layer.part], layer.path), whole(layer)

    def _readings(self, name: str) -> Iterator[tuple[str, str]]:
        for prefix, part in self._prefixes.items():
            if name.startswith(prefix):
                yield part, name.removeprefix(prefix)
        yield DENOISER, name

    def part_named(self, name: str) -> str:
        """The part of the model of which a file's name speaks, whether or not the layer is there."""
        return next(self._readings(name.removeprefix("base_model.model.")))[0]


def layer_table(model: Model) -> LayerTable:
    """The table of an opened model."""
    parts = parts_of(model)
    layers = [layer for part, root in parts.items() for layer in layers_of(part, root)]
    others = [layer for part, root in parts.items() for layer in others_of(part, root)]
    return LayerTable(model.family.title, layers, model.family.text_prefixes, others)


def _flat(path: str) -> str:
    return path.replace(".", "_")


def _prefixes(text_prefixes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What stands before a path, and the part it means; the longer before those that they begin with."""
    for part, prefix in text_prefixes.items():
        yield f"{prefix}_", part
        if part == "text_encoder":
            yield from (("lora_te1_", part), ("lora_te_", part))
        for comfy in COMFY.get(prefix, ()):
            yield from ((f"text_encoders.{comfy}.transformer.", part), (f"{comfy}.", part))
        yield f"{part}.", part
    yield from dict.fromkeys(BEFORE_DENOISER, DENOISER).items()


def _paths(layer: Layer) -> Iterator[str]:
    """The layer's path, and for a CLIP encoder the same in the words of other versions."""
    yield layer.path
    if layer.part != DENOISER:
        full = clip_path(layer.path)
        bare = full.removeprefix("text_model.")
        old = bare.replace(".out_proj", ".to_out").replace("_proj", "")
        old = re.sub(r"self_attn\.([qkv])$", r"self_attn.to_\1", old)
        yield from {f"text_model.{old}", old, full, bare}


def _original_places(layers: Mapping[str, Layer]) -> Iterator[tuple[str, Place]]:
    for path, name in original_names(layers).items():
        yield name, whole(layers[path])
    for name, (paths, swapped) in joined_layers(layers).items():
        yield name, joined(tuple(layers[path] for path in paths), swapped=swapped)
