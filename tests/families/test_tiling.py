"""Pictures are decoded whole where the card has room, else in tiles that look the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderKL

from studio.families import _tiling
from studio.families._tiling import decode_within, needed
from studio.memory.counting import Counter

SMALL = {
    "down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (8, 8, 8, 8), "norm_num_groups": 4, "latent_channels": 4,
}  # fmt: skip


@pytest.mark.parametrize(("room", "tiled"), [(float("inf"), False), (0, True)])
def test_tiles_only_where_there_is_no_room(monkeypatch: pytest.MonkeyPatch, room: float, tiled: bool) -> None:
    vae: Any = AutoencoderKL(**SMALL).eval()
    latents = torch.zeros(2, 4, 72, 8)
    with torch.no_grad():
        whole = torch.cat([vae.decode(one[None]).sample for one in latents])
        monkeypatch.setattr(_tiling, "room", lambda device: room)
        decode_within(vae)
        careful = vae.decode(latents).sample
    assert vae.use_tiling is tiled
    assert careful.shape == whole.shape
    assert tiled or torch.allclose(careful, whole, atol=1e-5)


def test_what_decoding_needs_is_what_is_counted() -> None:
    with Counter("meta") as counter:
        with torch.device("meta"):
            vae: Any = AutoencoderKL.from_config({
                **SMALL, "block_out_channels": (128, 256, 512, 512), "norm_num_groups": 32,
                "layers_per_block": 2,
            }).to(torch.bfloat16)  # fmt: skip
            latents = torch.empty(1, 4, 128, 128, dtype=torch.bfloat16)
        weights = counter.live
        with torch.no_grad(), counter.phase("decoding"):
            vae.decode(latents)
    taken = counter.peaks["decoding"] - weights
    assert 0.6 * needed(vae, latents) < taken <= needed(vae, latents)
