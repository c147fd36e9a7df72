"""Scenes drawn by the batch, with torch: what `scenes.picture` draws one by one, many times sooner.

Every icon is kept small, with its colours premultiplied, and laid on its background by one affine
sampling. What comes out differs from the picture only in how edges are softened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from studio.pocket import icons
from studio.pocket.icons import BUILD, STYLE_OF
from studio.pocket.scenes import PATTERNS, PIXELS, Scene, background
from studio.pocket.things import COLOURS

STYLE_ROWS = {style: row for row, style in enumerate(STYLE_OF.values())}


class Layer(NamedTuple):
    """One thing of one scene: its row in the batch and its place, in pixels of a 128-pixel picture."""

    row: int
    style: int
    thing: int
    centre: tuple[int, int]
    side: int


def compose(scenes: Sequence[Scene], pixels: int) -> Tensor:
    """Scenes as (scenes, 3, pixels, pixels) floats from -1 to 1."""
    canvas = torch.stack([_ground(scene.background, scene.pattern, pixels) for scene in scenes])
    passes: dict[tuple[int, bool], list[Layer]] = defaultdict(list)
    for row, scene in enumerate(scenes):
        for order, (thing, centre) in enumerate(zip(scene.things, scene.centres, strict=True)):
            layer = Layer(row, STYLE_ROWS[scene.style], icons.column(thing.icon), centre, scene.side)
            passes[order, 2 * scene.side < PIXELS].append(layer)
    for (_, small), layers in sorted(passes.items()):
        drawn = _drawn(layers, pixels, _table(pixels // 2 if small else pixels))
        rows = torch.tensor([layer.row for layer in layers])
        canvas[rows] = canvas[rows] * (1 - drawn[:, 3:]) + drawn[:, :3]
    return canvas * 2 - 1


def _drawn(layers: list[Layer], pixels: int, table: np.ndarray) -> Tensor:
    """The layers by themselves: (layers, 4, pixels, pixels) from 0 to 1, colours premultiplied."""
    chosen = table[[layer.style for layer in layers], [layer.thing for layer in layers]]
    found = torch.from_numpy(chosen).permute(0, 3, 1, 2).float() / 255
    scale = torch.tensor([PIXELS / layer.side for layer in layers])
    centre = torch.tensor([layer.centre for layer in layers]).float() * 2 / PIXELS - 1
    matrix = torch.zeros(len(layers), 2, 3)
    matrix[:, 0, 0] = matrix[:, 1, 1] = scale
    matrix[:, :, 2] = -centre * scale[:, None]
    grid = functional.affine_grid(matrix, [len(layers), 4, pixels, pixels], align_corners=False)
    return functional.grid_sample(found, grid, align_corners=False)


@cache
def _ground(colour: str, pattern: str, pixels: int) -> Tensor:
    picture = np.array(background(colour, pattern, pixels))
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


@cache
def _table(side: int) -> np.ndarray:
    """All icons at this side, premultiplied: (style, thing, side, side, 4) uint8; kept on disk."""
    path = BUILD / f"icons-{side}.npy"
    if not path.exists():
        _shrink(side)
    return cast(np.ndarray, np.load(path, mmap_mode="r"))


def _shrink(side: int) -> None:
    large = icons.pixels()
    shape = (*large.shape[:2], side, side, 4)
    small = np.zeros(shape, np.uint8)
    for row in range(shape[0]):
        for column in range(shape[1]):
            drawn = Image.fromarray(np.asarray(large[row, column]), "RGBA").resize(
                (side, side), Image.Resampling.BOX
            )
            pixels = np.asarray(drawn).astype(np.uint16)
            pixels[..., :3] = pixels[..., :3] * pixels[..., 3:] // 255
            small[row, column] = pixels
    unfinished = BUILD / f"icons-{side}.tmp.npy"
    np.save(unfinished, small)
    unfinished.replace(BUILD / f"icons-{side}.npy")


def grounds() -> tuple[tuple[str, str], ...]:
    """Every background there is: its colour and its pattern, if any."""
    return tuple((colour, pattern) for colour in COLOURS for pattern in ("", *PATTERNS))
