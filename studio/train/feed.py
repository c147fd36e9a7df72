"""The feed: a shelf of pictures, batch after batch, ready for the denoiser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.families._base import Frame
from studio.train.batches import Batches, Draw
from studio.train.framing import frame_of
from studio.train.preparing import Shelf
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Latents in float32, what is said of them, where they are learned and how much each counts.

    `number` is that of the noise: the class sees other noise than the subject in the same step.
    """

    number: int
    latents: Tensor
    captions: list[str]
    frames: list[Frame]
    mask: Tensor | None
    weights: Tensor | None
    names: list[str]
    """Of the pictures' files."""


class Feed:
    """The batches of one shelf; `weight` is what its loss counts beside the others'."""

    def __init__(self, shelf: Shelf, batches: Batches, device: torch.device, *, weight: float = 1.0) -> None:
        self.shelf, self.batches, self.device, self.weight = shelf, batches, device, weight

    def batch(self, number: int) -> Batch:
        """The batch of this number, on the device."""
        import torch

        drawn = self.batches.draw(number)
        rows = [self.shelf.latents[draw.index, draw.mirrored] for draw in drawn]
        return Batch(
            number=number,
            latents=torch.stack(rows).to(self.device).float(),
            captions=[self._said(draw) for draw in drawn],
            frames=[frame_of(self.shelf.examples[draw.index]) for draw in drawn],
            mask=self._mask(drawn),
            weights=self._weights(drawn),
            names=[self.shelf.examples[draw.index].picture.path.name for draw in drawn],
        )

    def _said(self, draw: Draw) -> str:
        return self.shelf.examples[draw.index].said(draw.order) if draw.captioned else ""

    def _mask(self, drawn: list[Draw]) -> Tensor | None:
        """(batch, 1, height, width), all of a picture without one; None where no picture has one."""
        import torch

        masks = [self.shelf.masks.get((draw.index, draw.mirrored)) for draw in drawn]
        some = next((mask for mask in masks if mask is not None), None)
        if some is None:
            return None
        rows = [torch.ones_like(some) if mask is None else mask for mask in masks]
        return torch.stack(rows).to(self.device)

    def _weights(self, drawn: list[Draw]) -> Tensor | None:
        """(batch,); None where all count the same."""
        import torch

        weights = [self.shelf.examples[draw.index].weight for draw in drawn]
        return None if set(weights) == {1.0} else torch.tensor(weights, device=self.device)


class ClassFeed(Feed):
    """The batches of the class pictures, with noise of their own."""

    def batch(self, number: int) -> Batch:
        """As the subject's; noise numbers below zero are never the subject's."""
        told = super().batch(number)
        return replace(told, number=-1 - number)


def feeds(
    subject: Shelf, of_class: Shelf, settings: TrainSettings, *, seed: int, device: torch.device
) -> list[Feed]:
    """The subject's feed, and where there are class pictures theirs."""
    own = Batches(
        [example.bucket for example in subject.examples],
        settings.batch_size,
        seed,
        flip=settings.flip,
        caption_dropout=settings.caption_dropout,
        repeats=[example.repeats for example in subject.examples],
    )
    found = [Feed(subject, own, device)]
    if of_class.examples:
        sizes = [example.bucket for example in of_class.examples]
        batches = Batches(sizes, settings.batch_size, f"{seed}/class", flip=False, caption_dropout=0)
        found.append(ClassFeed(of_class, batches, device, weight=settings.class_weight))
    return found
