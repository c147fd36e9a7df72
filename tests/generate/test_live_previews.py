"""Live previews: the last slider value, small and quick, and nothing is encoded that did not change."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.errors import Cancelled
from studio.families._base import Model
from studio.generate.engine import GenerateEngine
from studio.generate.opened import WARM
from studio.generate.settings import GenerateSettings
from studio.jobs.context import LiveContext
from studio.jobs.live import LiveRequest
from studio.workspace import Workspace
from tests.adapters.loras import make_lora
from tests.tiny import SIDE


class Slider:
    """One adapter at a slider, looked at live."""

    def __init__(self, workspace: Workspace, base: Path) -> None:
        self.workspace, self.base, self.engine = workspace, base, GenerateEngine()

    def at(self, weight: float, *, text: float | None = None, late: bool = False, **values: object) -> bytes:
        settings = GenerateSettings.parse(
            {
                **{"base": str(self.base), "prompt": "a fox", "seed": 3, "width": SIDE, "height": SIDE},
                **{"adapters": [{"name": "ink", "weight": weight, "text": text}], **values},
            }
        )
        request = LiveRequest(1, "generate", settings.model_dump(mode="json"))
        return self.engine.live(LiveContext(self.workspace, request, lambda asked: late), settings)


@pytest.fixture
def slider(workspace: Workspace, tiny: Path, model: Model) -> Slider:
    make_lora(workspace.loras / "ink.safetensors", model, seed=1)
    return Slider(workspace, tiny)


def pixels(jpeg: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(io.BytesIO(jpeg)))


def test_a_slider_changes_the_preview_and_zero_restores_it(slider: Slider) -> None:
    none, some = slider.at(0), slider.at(1)
    assert none != some and slider.at(0) == none
    assert pixels(none).shape[2] == 3


def test_a_slider_that_leaves_the_words_alone_encodes_nothing(
    slider: Slider, monkeypatch: pytest.MonkeyPatch
) -> None:
    slider.at(0.5, text=0.5)
    encoded: list[str] = []
    model = WARM._opened.model  # type: ignore[union-attr]
    encode = model.encode_prompts
    monkeypatch.setattr(model, "encode_prompts", lambda texts, **more: encoded.extend(texts) or encode(texts))
    slider.at(0.6, text=0.5)
    slider.at(0.7, text=0.5)
    assert encoded == []
    slider.at(0.7, text=0.5, prompt="a hen")
    assert encoded == ["a hen"]


def test_a_preview_that_came_too_late_ends_at_its_next_step(slider: Slider) -> None:
    with pytest.raises(Cancelled):
        slider.at(1, late=True)


def test_a_preview_leaves_nothing_behind(slider: Slider, workspace: Workspace) -> None:
    slider.at(1)
    assert not list(workspace.outputs.iterdir()) and not list(workspace.runs.iterdir())


def test_a_preview_looks_like_the_picture(workspace: Workspace) -> None:
    """On the miniature, whose tiny autoencoder shows what its VAE would."""
    from tests.generate.studio_run import Bench

    slider, bench = Slider(workspace, Path("pocket")), Bench(workspace, Path("pocket"))
    common = {"prompt": "a red fox", "base": "pocket", "seed": 3, "adapters": [], "width": 0, "height": 0}
    live = pixels(slider.at(0, **common))
    quick = {"sampler": "dpmpp_2m", "schedule": "uniform", "steps": 6}
    (full,) = bench.paint(**{**common, **quick})
    small = np.asarray(Image.fromarray(full).resize(live.shape[1::-1]))
    alike = np.corrcoef(small.flatten(), live.flatten())[0, 1]
    assert alike > 0.95
