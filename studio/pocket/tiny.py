"""A small autoencoder of the same latents, for pictures shown while they are painted.

As with the published ones of this kind, its latents are the scaled ones that the UNet works on:
its own scaling factor is 1, and `decode(latents)` takes them as they come out of a step.
"""

from __future__ import annotations

import random

import torch
from diffusers import AutoencoderTiny
from torch import Tensor

from studio.pocket import muon, stock
from studio.pocket.decoder import crops
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate
from studio.pocket.text import scaled_latents
from studio.pocket.vae import distance

BATCH, PEAK, CHANNELS = 16, 2e-3, 32


def build() -> AutoencoderTiny:
    """Thin throughout, and thinnest at full size, where a layer costs most."""
    return AutoencoderTiny(
        latent_channels=4,
        encoder_block_out_channels=(CHANNELS,) * 4,
        decoder_block_out_channels=(CHANNELS,) * 4,
        num_encoder_blocks=(0, 1, 1, 1),
        num_decoder_blocks=(2, 2, 1, 0),
    )


def train(minutes: float) -> None:
    """Train both halves on crops of cached latents and their pictures, each by itself; publish."""
    torch.manual_seed(0)
    model, latents = build().to(memory_format=torch.channels_last), scaled_latents()
    optimizer = muon.optimizer(model, PEAK)
    stage = Stage("tiny", minutes, {"model": model, "optimizer": optimizer})
    rng = random.Random(stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        numbers = rng.sample(range(len(latents)), BATCH)
        again, missed = _losses(model, *crops(stock.floats(numbers), latents[numbers], rng))
        optimizer.zero_grad()
        (again + 0.2 * missed).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        stage.note(again.item(), latents=missed.item())
    publish(model, ASSETS / "tiny")


def _losses(model: AutoencoderTiny, pictures: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
    """How far decoded latents are from the pictures, and encoded pictures from the latents."""
    pictures, latents = (each.contiguous(memory_format=torch.channels_last) for each in (pictures, latents))
    with torch.autocast("cpu", torch.bfloat16):
        again = model.decode(latents).sample.float()
        hidden = model.encode(pictures).latents.float()
    inside = (hidden - latents)[..., 1:-1, 1:-1]  # at a crop's edge the autoencoder saw more
    return distance(again, pictures), inside.square().mean()
