"""Every family paints from words, from a picture, into a mask, in a batch, and shows live previews."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from studio.generate.inputs import keep
from studio.generate.recipe import read_recipe
from studio.generate.settings import GenerateSettings
from studio.jobs.context import LiveContext
from studio.jobs.live import LiveRequest
from studio.models.identify import identify
from studio.models.source import Source
from studio.workspace import Workspace
from tests.families.small import write_small
from tests.generate.studio_run import Bench

SIDE = 64
WORDS = "a [red:blue:0.5] (fox:1.3)"


@pytest.fixture(params=["sd2", "sdxl", "sd3", "flux"])
def painter(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    workspace = Workspace.open(tmp_path / "workspace")
    base = write_small(request.param, workspace.models / "base")
    family = identify(Source("folder", str(base), "base"))
    monkeypatch.setattr(type(family), "defaults", replace(family.defaults, steps=4, resolution=SIDE))
    return Bench(workspace, base)


def distance(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> int:
    return int(np.abs(one.astype(int) - other).max())


def test_a_family_paints_in_every_way(painter: Bench) -> None:
    size = {"width": SIDE, "height": SIDE, "guidance": 3}
    alone = painter.paint(prompt=WORDS, negative="dark", count=2, **size)
    recipe = read_recipe(Path(painter.made()[1].path))
    assert np.array_equal(painter.paint(**recipe.values)[0], alone[1])
    together = painter.paint(prompt=WORDS, negative="dark", count=2, batch_size=2, **size)
    assert max(map(distance, alone, together)) <= 3

    image = str(keep(painter.workspace, Image.fromarray(alone[0])))
    (over,) = painter.paint(prompt=WORDS, image=image, strength=0.5, **size)
    assert over.shape == alone[0].shape and distance(over, alone[0]) > 3
    drawn = Image.new("L", (SIDE, SIDE))
    drawn.paste(255, (0, 0, 32, SIDE))
    mask = str(keep(painter.workspace, drawn))
    (inside,) = painter.paint(prompt=WORDS, image=image, mask=mask, strength=1.0, **size)
    assert np.array_equal(inside[:, 32:], alone[0][:, 32:]) and distance(inside, alone[0]) > 3

    (varied,) = painter.paint(prompt=WORDS, negative="dark", variation=0.3, variation_seed=9, **size)
    assert distance(varied, alone[0]) > 3
    (larger,) = painter.paint(prompt="a fox", upscale=1.5, upscale_strength=0.5, **size)
    assert larger.shape == (96, 96, 3)


def test_a_family_shows_live_previews(painter: Bench) -> None:
    settings = GenerateSettings.parse({"base": str(painter.base), "prompt": "a fox"})
    context = LiveContext(painter.workspace, LiveRequest(1, "generate", {}), lambda asked: False)
    assert painter.engine.live(context, settings)[:2] == b"\xff\xd8"
