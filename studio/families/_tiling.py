"""Decoding within the memory that is there: picture by picture, and in tiles only where one does not fit."""

from __future__ import annotations

from typing import Any

TILE = 64  # latents; overlapping by a quarter, as diffusers blends them
BYTES_PER_VALUE = 1250
"""What decoding one pixel needs at most, in values of the VAE's type: counted by `tests.bench.memory`."""


def decode_within(vae: Any) -> None:
    """Let a VAE look at the card's free memory before it decodes; without tiles the result is the same.

    Tiles show faint seams at worst, so they are the last resort.
    """
    if not hasattr(vae, "tile_latent_min_size"):
        return
    decode = vae.decode
    vae.use_slicing = True

    def careful(latents: Any, *given: Any, **named: Any) -> Any:
        if hasattr(vae, "_hf_hook"):  # the denoiser makes room first
            vae._hf_hook.pre_forward(vae)
        vae.use_tiling = needed(vae, latents) > room(latents.device)
        if vae.use_tiling:
            scale = 2 ** (len(vae.config.block_out_channels) - 1)
            vae.tile_latent_min_size, vae.tile_sample_min_size = TILE, TILE * scale
        return decode(latents, *given, **named)

    vae.decode = careful


def needed(vae: Any, latents: Any) -> int:
    """Bytes to decode the first of these latents as a whole."""
    scale = 2 ** (len(vae.config.block_out_channels) - 1)
    pixels = latents.shape[-1] * latents.shape[-2] * scale**2
    return int(pixels * BYTES_PER_VALUE * vae.dtype.itemsize)


def room(device: Any) -> float:
    """Bytes free on a card, those included that torch holds and does not use; elsewhere without end."""
    import torch

    if device.type != "cuda":
        return float("inf")
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused
