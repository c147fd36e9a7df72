"""Blocks: the places of a model at which an adapter can act more or less, and ready masks over them.

A block of a UNet is a resnet with its attention, "up 0.1"; of a transformer, one of its blocks. What
lies outside of blocks is "outer", a text encoder is one block "text".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from studio.adapters.layers import DENOISER, Layer
from studio.errors import SettingsError

UNET = re.compile(r"(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.")
TRANSFORMER = re.compile(r"(single_transformer_blocks|transformer_blocks|layers)\.(\d+)\.")
KINDS = {"single_transformer_blocks": "single", "transformer_blocks": "double", "layers": "layer"}
OUTER, TEXT, MIDDLE = "outer", "text", "mid"
MASKS = ("all", "composition", "detail", "content", "style")

Mask = Mapping[str, float]


def block_of(layer: Layer) -> str:
    """The name of the block in which a layer lies."""
    if layer.part != DENOISER:
        return TEXT
    if found := UNET.match(layer.path):
        last = {"downsamplers": "down", "upsamplers": "up"}.get(found[3])
        return f"{found[1]} {found[2]}.{last or found[4]}"
    if layer.path.startswith("mid_block."):
        return MIDDLE
    if found := TRANSFORMER.match(layer.path):
        return f"{KINDS[found[1]]} {found[2]}"
    return OUTER


def blocks_of(layers: Iterable[Layer]) -> tuple[str, ...]:
    """The blocks of a model from its input to its output, then "outer" and "text"."""
    order = {"down": 0, MIDDLE: 1, "up": 2, "double": 3, "layer": 3, "single": 4, OUTER: 5, TEXT: 6}

    def place(block: str) -> tuple[int, list[tuple[int, str]]]:
        kind, _, rest = block.partition(" ")
        numbers = [(int(part), "") if part.isdigit() else (99, part) for part in rest.split(".") if part]
        return order[kind], numbers

    return tuple(sorted({block_of(layer) for layer in layers}, key=place))


def mask(text: str, layers: Collection[Layer]) -> dict[str, float]:
    """The weight of each block of the model, of a ready mask's name or of “up 0.1=1, mid=0.5”.

    Raises `SettingsError` for what is no block.
    """
    named = text.strip().casefold() or "all"
    return ready_mask(named, layers) if named in MASKS else listed(named, blocks_of(layers))


def listed(text: str, blocks: Sequence[str]) -> dict[str, float]:
    """The weight of each block of a list such as “up 0.1=1, mid=0.5”.

    What is not named has weight 0; "up 0" means all of that level, "up" that whole side.
    Raises `SettingsError` for what is no block.
    """
    weights = dict.fromkeys(blocks, 0.0)
    for part in text.strip().casefold().split(","):
        name, equals, told = part.partition("=")
        meant = [block for block in blocks if _means(name.strip(), block)]
        try:
            weight = float(told) if equals else 1.0
        except ValueError:
            meant = []
        if not meant:
            raise SettingsError(
                f"Blocks: “{part.strip()[:60]}” cannot be used",
                remedy=f"Choose {', '.join(MASKS)}, or a list such as {blocks[0]}=1, {blocks[-1]}=0.5.",
                field="blocks",
            )
        weights |= dict.fromkeys(meant, weight)
    return weights


def ready_mask(name: str, layers: Collection[Layer]) -> dict[str, float]:
    """A mask by its name.

    Composition is decided at the coarse levels of a UNet and in the first half of a transformer,
    detail in the others; content and style lie in the first two attentions on the way up
    (B-LoRA, arXiv 2403.14572).
    """
    blocks = blocks_of(layers)
    if name == "all":
        return dict.fromkeys(blocks, 1.0)
    if name in ("content", "style"):
        first = _first_attentions(layers)
        kept = {first[name == "style"]} if len(first) > 1 else set(blocks)
    else:
        coarse = _coarse(blocks)
        kept = coarse if name == "composition" else set(blocks) - coarse
    return {block: float(block in kept or block == TEXT) for block in blocks}


def factors_by_layer(weights: Mask, layers: Iterable[Layer]) -> dict[Layer, float]:
    """The weight of each layer under a mask."""
    return {layer: weights.get(block_of(layer), 1.0) for layer in layers}


def _means(name: str, block: str) -> bool:
    return bool(name) and (block == name or block.startswith((f"{name}.", f"{name} ")))


def _coarse(blocks: Collection[str]) -> set[str]:
    """The lower half of a UNet's levels with the middle, or the first half of a transformer's blocks."""
    levels = sorted({int(m[1]) for block in blocks if (m := re.match(r"down (\d+)\.", block))})
    if not levels:
        inner = [block for block in blocks if block not in (OUTER, TEXT)]
        return set(inner[: (len(inner) + 1) // 2])
    half = (levels[-1] + 1) // 2
    down = {f"down {level}" for level in levels if level >= half}
    up = {f"up {levels[-1] - level}" for level in levels if level >= half}
    return {block for block in blocks if block.partition(".")[0] in down | up | {MIDDLE}}


def _first_attentions(layers: Iterable[Layer]) -> list[str]:
    """The blocks of the attentions at the first level on the way up that has some."""
    found = sorted({(int(m[2]), int(m[4])) for layer in layers if (m := UNET.match(layer.path)) and _up(m)})
    return [f"up {level}.{index}" for level, index in found if level == found[0][0]]


def _up(match: re.Match[str]) -> bool:
    return match[1] == "up" and match[3] == "attentions"
