"""The text states lay out a picture patch by patch."""

from __future__ import annotations

import torch

from studio.pocket.text import patches


def test_patches_come_in_reading_order() -> None:
    latents = torch.zeros(1, 4, 16, 16)
    latents[0, :, 2:4, 4:6] = 1.0  # the second row, the third column
    assert patches(latents).shape == (1, 64, 16)
    assert patches(latents).sum(-1).nonzero().tolist() == [[0, 8 + 2]]
