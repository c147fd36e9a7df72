"""The autoencoder: 128-pixel pictures to 16 x 16 latents of four channels, and back."""

from __future__ import annotations

import random

import numpy as np
import torch
from diffusers import AutoencoderKL

from studio.pocket import muon, stock
from studio.pocket.scenes import Scene, draw_scene, picture
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate
from studio.pocket.things import trained_things

BATCH, CROP, PEAK = 10, 64, 2e-3


def build() -> AutoencoderKL:
    """A KL autoencoder whose outermost layers are thin: they cost the most."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64, 96),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=128,
        mid_block_add_attention=False,
    )


def pictures(scenes: list[Scene]) -> torch.Tensor:
    """Scenes as (scenes, 3, 128, 128) floats from -1 to 1."""
    stacked = np.stack([np.asarray(picture(scene)) for scene in scenes])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float() / 127.5 - 1


def train(minutes: float) -> None:
    """Train on crops, the last fifth on whole pictures; publish the weights."""
    vae = build().to(memory_format=torch.channels_last)
    optimizer = muon.optimizer(vae, PEAK)
    stage = Stage("vae", minutes, {"vae": vae, "optimizer": optimizer})
    rng = random.Random(stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        whole = stage.done > 0.9
        batch = stock.floats(rng.sample(range(len(stock.scenes())), BATCH // 3 if whole else BATCH))
        loss = _loss(vae, batch if whole else _crop(batch, rng))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step()
        stage.note(loss.item())
    finish(vae)


def _crop(batch: torch.Tensor, rng: random.Random) -> torch.Tensor:
    top, left = rng.randrange(0, 65, 8), rng.randrange(0, 65, 8)
    return batch[..., top : top + CROP, left : left + CROP].contiguous(memory_format=torch.channels_last)


def _loss(vae: AutoencoderKL, batch: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        spread = vae.encode(batch).latent_dist
        again = vae.decode(spread.sample()).sample.float()
    spread_out: torch.Tensor = 1e-6 * spread.kl().float().mean()
    return distance(again, batch) + spread_out


def distance(again: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How far pictures are from the true ones: absolute and squared error, edges, and the coarse look."""
    gap = again - pictures
    edges = gap.diff(dim=-1).abs().mean() + gap.diff(dim=-2).abs().mean()
    coarse = torch.nn.functional.avg_pool2d(gap, 4).abs().mean()
    return gap.abs().mean() + gap.square().mean() + edges + coarse


@torch.no_grad()
def finish(vae: AutoencoderKL) -> None:
    """Measure the latents' scale on trained things and publish."""
    rng = random.Random(0)
    batch = pictures([draw_scene(rng, trained_things()) for _ in range(64)])
    scale = 1 / vae.eval().encode(batch).latent_dist.mode().std().item()
    vae.register_to_config(scaling_factor=round(scale, 5), shift_factor=0.0)
    publish(vae, ASSETS / "vae")
