"""What SDXL is told beside the prompt: the size of a picture before, where it was cut, its size now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.data.crops import Crop
from studio.data.dataset import Picture
from studio.families._base import Frame
from studio.models.identify import identify
from studio.models.source import Source
from studio.train.framing import frame_of
from studio.train.plan import Example
from tests.families.small import write_small


@pytest.mark.parametrize(
    ("size", "crop", "frame"),
    [
        ((1024, 1024), None, Frame((1024, 1024), (0, 0), (512, 512))),
        ((2048, 1024), None, Frame((2048, 1024), (256, 0), (512, 512))),
        ((1000, 2000), Crop(0, 0.25, 1, 1), Frame((1000, 1500), (0, 128), (512, 512))),
    ],
)
def test_the_frame_is_what_was_cut_from_the_picture(
    size: tuple[int, int], crop: Crop | None, frame: Frame
) -> None:
    assert frame_of(Example(Picture(Path("x.png"), "", size), (512, 512), "", crop=crop)) == frame


def test_the_denoiser_hears_of_the_frame(tmp_path: Path) -> None:
    source = Source("folder", str(write_small("sdxl", tmp_path / "xl")), "xl")
    model = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    told = model.describe_frames([Frame((200, 100), (8, 4), (64, 32))])
    assert told["time_ids"].tolist() == [[100, 200, 4, 8, 32, 64]]
    noisy, timesteps = torch.randn(1, 4, 8, 8), torch.tensor([500])
    with torch.no_grad():
        prompt = model.encode_prompts(["a fox"])
        whole = model.describe_frames([Frame((64, 64), (0, 0), (64, 64))])
        plain, as_whole, cut = (
            model.predict(noisy, timesteps, {**prompt, **more}) for more in ({}, whole, told)
        )
    assert torch.equal(plain, as_whole)
    assert not torch.equal(plain, cut)


def test_the_vae_of_a_model_in_float16_works_in_float32_unless_it_is_safe(tmp_path: Path) -> None:
    source = Source("folder", str(write_small("sdxl", tmp_path / "xl")), "xl")
    half: dict[str, Any] = {"device": torch.device("cpu"), "dtype": torch.float16}
    assert next(identify(source).open(source, **half).vae.parameters()).dtype == torch.float32
    config = tmp_path / "xl" / "vae" / "config.json"
    config.write_text(config.read_text().replace('"force_upcast": true', '"force_upcast": false'))
    assert next(identify(source).open(source, **half).vae.parameters()).dtype == torch.float16
