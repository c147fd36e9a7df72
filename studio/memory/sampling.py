"""Sampling: one step as guidance asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model


def guide(model: Model, told: Conditioning, latents: Tensor) -> None:
    """One step; guidance asks twice, where the denoiser is not told of it itself."""
    itself = getattr(model.denoiser.config, "guidance_embeds", False)
    times = 2 if model.family.defaults.guidance > 1 and not itself else 1
    count = times * len(latents)
    rows = {
        name: row.expand(count, *row.shape[1:]).to(model.device, model.dtype) for name, row in told.items()
    }
    model.predict(torch.cat([latents] * times), torch.ones(count, device=model.device), rows)


def latents_shape(model: Model, size: tuple[int, int]) -> tuple[int, ...]:
    """(1, channels, height, width) of a picture of this size in pixels."""
    config: Any = model.vae.config
    pixels = 2 ** (len(config.block_out_channels) - 1)
    return 1, config.latent_channels, size[1] // pixels, size[0] // pixels
