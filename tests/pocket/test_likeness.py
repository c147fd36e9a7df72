"""Likeness is 1 between a picture and itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional

from studio.pocket.likeness import Eyes

RED, BLUE = Image.new("RGB", (8, 8), (255, 0, 0)), Image.new("RGB", (8, 8), (0, 0, 255))


@pytest.fixture
def eyes(monkeypatch: pytest.MonkeyPatch) -> Eyes:
    """Eyes that see the mean colour."""

    def see(pictures: Sequence[Image.Image]) -> dict[str, torch.Tensor]:
        colours = torch.stack([torch.from_numpy(np.asarray(each)).float().mean((0, 1)) for each in pictures])
        return {"colour": functional.normalize(colours, dim=-1)}

    found = object.__new__(Eyes)
    monkeypatch.setattr(found, "see", see)
    return found


def test_a_picture_is_wholly_like_itself_and_half_like_one_of_two(eyes: Eyes) -> None:
    assert eyes.likeness([RED, BLUE], [[RED], [BLUE]])["colour"] == pytest.approx(1.0)
    assert eyes.likeness([RED], [[RED, BLUE]])["colour"] == pytest.approx(0.5)
