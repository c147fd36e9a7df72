"""A stock of scenes drawn once, in which every thing comes first equally often."""

from __future__ import annotations

import random
from functools import cache
from typing import cast

import numpy as np
import torch

from studio.pocket.icons import BUILD
from studio.pocket.scenes import PIXELS, Scene, draw_scene, picture
from studio.pocket.things import trained_things

ROUNDS = 48


@cache
def scenes() -> tuple[Scene, ...]:
    """The scenes of the stock, the same every time."""
    rng, things = random.Random(7), trained_things()
    return tuple(draw_scene(rng, things, thing) for _ in range(ROUNDS) for thing in things)


def draw() -> None:
    """Draw the stock to `build/pocket/stock.npy`: (scenes, 128, 128, 3) uint8."""
    unfinished = BUILD / "stock.tmp.npy"
    shape = (len(scenes()), PIXELS, PIXELS, 3)
    drawn = np.lib.format.open_memmap(unfinished, "w+", np.uint8, shape)
    for number, scene in enumerate(scenes()):
        drawn[number] = np.asarray(picture(scene))
    drawn.flush()
    unfinished.replace(BUILD / "stock.npy")


@cache
def _drawn() -> np.ndarray:
    return cast(np.ndarray, np.load(BUILD / "stock.npy", mmap_mode="r"))


def floats(numbers: list[int]) -> torch.Tensor:
    """Pictures of the stock as (numbers, 3, 128, 128) floats from -1 to 1."""
    return torch.from_numpy(_drawn()[numbers]).permute(0, 3, 1, 2).float() / 127.5 - 1
