"""The trial: what painting needs, counted on a base without weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from studio.families import _tiling
from studio.generate.rows import one_by_one
from studio.generate.settings import GenerateSettings
from studio.memory.blueprints import Blueprint
from studio.memory.sampling import guide, latents_shape
from studio.memory.weightless import DEVICE, open_weightless, weightless
from studio.models.opening import precision
from studio.models.storage._base import stored_layers

PROMPT = "a prompt"


@dataclass(frozen=True)
class Painted:
    """Peak bytes of each phase; `each` are those that one more picture at once would take.

    `stored` is how many of the denoiser's numbers a storage could pack.
    """

    peaks: dict[str, int]
    each: int
    stored: int


def count(
    settings: GenerateSettings, blueprint: Blueprint, *, dtype: str, frugal: bool, tiled: bool = False
) -> Painted:
    """Encode prompts, take one guided step with all pictures of a batch, decode one of them."""
    with weightless() as counter:
        model = open_weightless(blueprint, dtype=precision(dtype), storage=settings.storage, frugal=frugal)
        if frugal:
            one_by_one(model.denoiser)
        stored = sum(layer.weight.numel() for _, layer in stored_layers(model.denoiser))
        with torch.no_grad():
            with counter.phase("text"):
                told = {name: each.cpu() for name, each in model.encode_prompts([PROMPT, PROMPT]).items()}
            told = {name: each[:1] for name, each in told.items()}
            size = (settings.width, settings.height)
            shape = latents_shape(model, size)
            latents = torch.empty((settings.batch_size, *shape[1:]), device=DEVICE, dtype=model.dtype)
            model.bring("denoiser")
            before = counter.live
            with counter.phase("painting"):
                guide(model, told, latents)
            model.bring("vae")
            if tiled:
                _tile(model.vae)
            with counter.phase("decoding"):
                model.decode_latents(latents[:1])
    each = (counter.peaks["painting"] - before) // settings.batch_size
    return Painted(counter.peaks, each, stored)


def _tile(vae: Any) -> None:
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    vae.enable_tiling()
    vae.tile_latent_min_size = _tiling.TILE
    vae.tile_sample_min_size = _tiling.TILE * scale
