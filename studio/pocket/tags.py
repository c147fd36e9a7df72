"""The tags of a scene: its things and their kinds, its style, its background, and where and how large."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.pocket.scenes import PATTERNS, Scene
from studio.pocket.things import COLOURS, SECTIONS, STYLES, Thing, trained_things

RATINGS = ("general",)
RARE = -5.0
"""A tag's logit before anything is learned: nearly all tags are absent from nearly all pictures."""


@cache
def tags() -> tuple[str, ...]:
    """Every tag in the order of a model's outputs: the rating, what a scene may be like, then the things."""
    kinds = [*dict.fromkeys(SECTIONS.values()), "pair", "small", "on_the_left", "on_the_right", *PATTERNS]
    looks = [f"{style}_style" for style in STYLES.values()] + [f"{ground}_background" for ground in COLOURS]
    return (*RATINGS, *kinds, *looks, *dict.fromkeys(_tag(thing) for thing in trained_things()))


def _tag(thing: Thing) -> str:
    return thing.name.replace(" ", "_")


def tags_of(scene: Scene) -> set[str]:
    """The tags of one scene; a thing that has no name has only its kind."""
    found = {*RATINGS, f"{scene.style}_style", f"{scene.background}_background", scene.pattern}
    found |= {scene.size, scene.place.replace(" ", "_"), "pair" if len(scene.things) == 2 else ""}
    for thing in scene.things:
        found |= {_tag(thing), SECTIONS[thing.section]}
    return found & set(tags())


def truth(scenes: Sequence[Scene]) -> Tensor:
    """One row a scene, 1 where a tag holds: (scenes, tags)."""
    numbers = {tag: number for number, tag in enumerate(tags())}
    found = torch.zeros(len(scenes), len(numbers))
    for row, scene in enumerate(scenes):
        found[row, [numbers[tag] for tag in tags_of(scene)]] = 1
    return found


class Head(nn.Linear):
    """A likelihood for every tag, read off one state of a picture."""

    def __init__(self, width: int) -> None:
        super().__init__(width, len(tags()))
        nn.init.constant_(self.bias, RARE)
        self.things = len({_tag(thing) for thing in trained_things()})

    def missed(self, state: Tensor, scenes: Sequence[Scene]) -> Tensor:
        """How far the tags are from the truth, each for itself, and the things also among themselves."""
        logits, wanted = self(state).float(), truth(scenes)
        each = functional.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / len(scenes)
        shares = functional.normalize(wanted[:, -self.things :], p=1.0)
        return each + functional.cross_entropy(logits[:, -self.things :], shares)
