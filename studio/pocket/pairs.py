"""Pairs of things without end: halves of the stock's latents, put together anew.

The autoencoder looks only a little way around each place. So the left half of one picture and the
right half of another, alike in style and background, are the latents of a picture never drawn; and a
half may change sides. The stock alone shows each thing on each side about once in every style.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

import torch
from torch import Tensor

from studio.pocket import stock
from studio.pocket.scenes import PAIR, PAIR_CENTRES, Scene
from studio.pocket.things import Thing

HALF = 8  # columns of latents


@dataclass(frozen=True)
class Half:
    """One thing, and where half a picture of it lies in the cached latents."""

    thing: Thing
    number: int
    first: int


class Pairs:
    """Draws scenes of two things from latents (scenes, 4, 16, 16) of the stock."""

    def __init__(self, latents: Tensor) -> None:
        self.latents = latents
        alike: dict[tuple[str, str, str], list[Half]] = defaultdict(list)
        for number, scene in enumerate(stock.scenes()):
            alike[scene.style, scene.background, scene.pattern] += _halves(number, scene)
        self.alike = {look: halves for look, halves in alike.items() if len(halves) > 1}

    def draw(self, rng: random.Random) -> tuple[Scene, Tensor]:
        """A scene and its latents (4, 16, 16); looks of which the stock has more come more often."""
        looks = list(self.alike)
        look = rng.choices(looks, [len(self.alike[each]) for each in looks])[0]
        left, right = rng.sample(self.alike[look], 2)
        style, background, pattern = look
        scene = Scene((left.thing, right.thing), style, background, PAIR, PAIR_CENTRES, pattern=pattern)
        return scene, torch.cat((self._columns(left), self._columns(right)), -1)

    def _columns(self, half: Half) -> Tensor:
        return self.latents[half.number, :, :, half.first : half.first + HALF]


def _halves(number: int, scene: Scene) -> list[Half]:
    if len(scene.things) == 2:
        return [Half(scene.things[0], number, 0), Half(scene.things[1], number, HALF)]
    sides = {"on the left": 0, "on the right": HALF}
    return [Half(scene.things[0], number, sides[scene.place])] if scene.place in sides else []
