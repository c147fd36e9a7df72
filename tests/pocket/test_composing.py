"""Scenes drawn by the batch look like the pictures drawn one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from studio.pocket import composing, icons
from studio.pocket.scenes import Scene, picture
from studio.pocket.things import all_things

ONE, OTHER = all_things()[:2]


@pytest.fixture(autouse=True)
def two_icons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    drawn = np.zeros((4, 2, 256, 256, 4), np.uint8)
    drawn[:, 0, 40:200, 60:220] = (200, 30, 60, 255)
    drawn[:, 1, 100:256, :160] = (20, 90, 240, 255)
    monkeypatch.setattr(icons, "pixels", lambda: drawn)
    monkeypatch.setattr(composing, "BUILD", tmp_path)
    for remembered in (composing._table, icons.icon):
        remembered.cache_clear()
    yield
    for remembered in (composing._table, icons.icon):
        remembered.cache_clear()


@pytest.mark.parametrize("pixels", [64, 128])
@pytest.mark.parametrize(
    "scene",
    [
        Scene((ONE,), "flat", "red"),
        Scene((OTHER,), "bold", "white", pattern="dotted"),
        Scene((ONE,), "glossy", "teal", 52, ((64, 64),), "small"),
        Scene((OTHER,), "flat", "black", 60, ((94, 64),), "", "on the right", "striped"),
        Scene((ONE, OTHER), "flat", "blue", 60, ((33, 64), (95, 64))),
    ],
)
def test_a_batch_is_drawn_as_the_pictures_are(scene: Scene, pixels: int) -> None:
    true = torch.from_numpy(np.array(picture(scene, pixels))).permute(2, 0, 1).float() / 127.5 - 1
    drawn = composing.compose([scene, scene], pixels)
    assert drawn.shape == (2, 3, pixels, pixels)
    assert (drawn[1] - true).abs().mean() < 0.03
