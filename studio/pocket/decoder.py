"""The autoencoder's decoder, trained on after the latents are settled: the encoder stays as it is."""

from __future__ import annotations

import random

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from studio.pocket import muon, stock
from studio.pocket.icons import BUILD
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate
from studio.pocket.vae import distance

BATCH, CROP, PEAK = 12, 8, 1.5e-3


def train(minutes: float) -> None:
    """Train on crops of the cached latents, the last tenth on whole ones; publish the autoencoder."""
    torch.manual_seed(0)
    vae = AutoencoderKL.from_pretrained(ASSETS / "vae", torch_dtype=torch.float32)
    vae.to(memory_format=torch.channels_last)
    trained = nn.ModuleList((vae.post_quant_conv, vae.decoder))
    optimizer = muon.optimizer(trained, PEAK)
    stage = Stage("decoder", minutes, {"trained": trained, "optimizer": optimizer})
    latents = torch.from_numpy(np.load(BUILD / "latents.npy"))
    rng = random.Random(stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        whole = stage.done > 0.9
        numbers = rng.sample(range(len(latents)), BATCH // 4 if whole else BATCH)
        pictures, hidden = stock.floats(numbers), latents[numbers].float()
        loss = _loss(vae, *((pictures, hidden) if whole else crops(pictures, hidden, rng)))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        stage.note(loss.item())
    publish(vae, ASSETS / "vae")


def crops(pictures: Tensor, hidden: Tensor, rng: random.Random) -> tuple[Tensor, Tensor]:
    """The same square of pictures (pictures, 3, 128, 128) and latents (pictures, 4, 16, 16)."""
    top, left = rng.randint(0, 8), rng.randint(0, 8)
    seen = pictures[..., top * 8 : (top + CROP) * 8, left * 8 : (left + CROP) * 8]
    return seen, hidden[..., top : top + CROP, left : left + CROP]


def _loss(vae: AutoencoderKL, pictures: Tensor, hidden: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        again = vae.decode(hidden.contiguous(memory_format=torch.channels_last)).sample.float()
    return distance(again, pictures)
