"""What training each sibling shares: scenes as latents, freshly worded captions, averaged weights."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.pocket import muon, stock
from studio.pocket.scenes import caption
from studio.pocket.stage import Stage, set_learning_rate
from studio.pocket.text import scaled_latents
from studio.pocket.unet import Average

BATCH, PEAK, DROPPED, HINT = 32, 2e-3, 0.1, 0.3
LENGTHS = {32: 16, 64: 60, 128: 2, 512: 1}
"""Tokens of a text with its padding, and how often: 32 or 64 in the studio, 512 where nobody says."""


class Batch(NamedTuple):
    """Scaled latents (batch, 4, 16, 16), their captions, and by how many tokens long texts are padded."""

    clean: Tensor
    words: list[str]
    length: int


class Sibling(ABC):
    """One of them: what of it is trained, how it is told of words, and its loss."""

    name: str
    trained: nn.ModuleDict

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """What training makes small."""

    @abstractmethod
    def publish(self) -> None:
        """Write its own parts into the assets."""


def train(sibling: Sibling, minutes: float) -> None:
    """Train for so many minutes, however often interrupted, and publish the averaged weights."""
    torch.manual_seed(0)
    average, optimizer = Average(sibling.trained), muon.optimizer(sibling.trained, PEAK)
    kept = {"trained": sibling.trained, "average": average, "optimizer": optimizer}
    stage = Stage(sibling.name, minutes, kept)
    latents, rng = scaled_latents(), random.Random(stage.step)
    for step in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        loss = sibling.loss(_batch(latents, rng))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(sibling.trained.parameters(), 1.0)
        optimizer.step()
        average.follow(sibling.trained, step)
        stage.note(loss.item())
    sibling.trained.load_state_dict(average.state_dict())
    sibling.trained.eval()
    sibling.publish()


def _batch(latents: Tensor, rng: random.Random) -> Batch:
    numbers = rng.sample(range(len(latents)), BATCH)
    words = [caption(stock.scenes()[number], rng) for number in numbers]
    words = ["" if rng.random() < DROPPED else said for said in words]
    length = rng.choices(list(LENGTHS), list(LENGTHS.values()))[0]
    return Batch(latents[numbers], words, length)


class Thumbnail(nn.Module):
    """A lesson for a small text encoder: one linear map must read the picture's coarse look off its state."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.read = nn.Linear(width, 4 * 4 * 4)

    def forward(self, state: Tensor, clean: Tensor) -> Tensor:
        """The squared error of 4 x 4 latents read off states (batch, width)."""
        coarse = functional.avg_pool2d(clean, 4).flatten(1)
        missed: Tensor = (self.read(state).float() - coarse).square().mean()
        return missed


def flowing(clean: Tensor, shift: float = 1.0) -> tuple[Tensor, Tensor, Tensor]:
    """Latents on their straight way to noise: noisy ones, sigmas (batch,), and the velocity to learn.

    Sigmas are logit-normal, as in SD3 (Esser et al. 2024), and shifted towards noise by `shift`.
    """
    strata = (torch.randperm(len(clean)) + torch.rand(len(clean))) / len(clean)
    sigmas = torch.special.ndtri(strata.clamp(1e-4, 1 - 1e-4)).sigmoid()
    sigmas = shift * sigmas / (1 + (shift - 1) * sigmas)
    noise, share = torch.randn_like(clean), sigmas.view(-1, 1, 1, 1)
    return clean.lerp(noise, share), sigmas, noise - clean
