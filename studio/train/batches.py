"""Batches: which pictures come in which step, as a function of (seed, batch number)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from studio.train.buckets import Size


@dataclass(frozen=True)
class Draw:
    """One picture of a batch: its number, and what chance decided about it."""

    index: int
    mirrored: bool
    captioned: bool
    order: int = 0
    """In which order a caption's tags stand."""


class Batches:
    """All pictures in turn, each epoch in another order, every batch from one bucket and full.

    `sizes` are the pictures' buckets by number, `repeats` how often each comes in an epoch; a
    bucket with too few pictures for its last batch begins again.
    """

    def __init__(
        self,
        sizes: Sequence[Size],
        count: int,
        seed: int | str,
        *,
        flip: bool,
        caption_dropout: float,
        repeats: Sequence[int] = (),
    ) -> None:
        self.sizes, self.count, self.seed = sizes, count, seed
        self.repeats = repeats or [1] * len(sizes)
        self.flip, self.caption_dropout = flip, caption_dropout
        self._epoch, self._order = 0, self._shuffled(0)

    def draw(self, number: int) -> list[Draw]:
        """The batch of this number, counted from 0 over all epochs."""
        epoch, place = divmod(number, len(self._order))
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._shuffled(epoch)
        chance = random.Random(f"{self.seed}/{number}/draw")
        order = random.Random(f"{self.seed}/{number}/tags")
        return [
            Draw(
                index,
                mirrored=self.flip and chance.random() < 0.5,
                captioned=chance.random() >= self.caption_dropout,
                order=order.randrange(1 << 16),
            )
            for index in self._order[place]
        ]

    def _shuffled(self, epoch: int) -> list[tuple[int, ...]]:
        chance = random.Random(f"{self.seed}/{epoch}/order")
        batches = []
        for size in sorted(set(self.sizes)):
            members = [
                number
                for number, each in enumerate(self.sizes)
                if each == size
                for _ in range(self.repeats[number])
            ]
            chance.shuffle(members)
            for start in range(0, len(members), self.count):
                batches.append(tuple(members[(start + i) % len(members)] for i in range(self.count)))
        chance.shuffle(batches)
        return batches
