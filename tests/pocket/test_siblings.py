"""The siblings learn, and open as whole pipelines of their families once they are assembled."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from studio.pocket.siblings import assembling, flux, sd3, xl
from studio.pocket.siblings.training import Batch, Sibling

POCKET = Path(__file__).parents[2] / "assets" / "pocket"
LENT = ("vae", "clip", "text_encoder", "tokenizer", "scheduler")

pytestmark = pytest.mark.skipif(not (POCKET / "unet").exists(), reason="the weights are not here")


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The miniature's parts that siblings borrow, in a folder where they can be published."""
    for name in LENT:
        (tmp_path / name).symlink_to(POCKET / name)
    for module in (xl, sd3, flux):
        monkeypatch.setattr(module, "ASSETS", tmp_path)
    return tmp_path


def _learns(sibling: Sibling) -> None:
    """The same batch at the same noise is told better after a few steps."""
    torch.manual_seed(0)
    batch = Batch(torch.randn(4, 4, 16, 16).clamp(-1, 1), ["a cat", "two owls", "a key", ""], 16)
    adam = torch.optim.Adam(sibling.trained.parameters(), 3e-3)
    losses = []
    for _ in range(12):
        torch.manual_seed(1)
        loss = sibling.loss(batch, 0.0)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    ("module", "kind", "told"),
    [(xl, "XL", {}), (sd3, "SD3", {"max_sequence_length": 8}), (flux, "Flux", {"max_sequence_length": 16})],
)
def test_a_sibling_learns_and_opens_whole(
    assets: Path, tmp_path: Path, module: ModuleType, kind: str, told: dict[str, int]
) -> None:
    from diffusers import DiffusionPipeline

    if module is sd3:
        xl.XL().publish()
    sibling = getattr(module, kind)()
    _learns(sibling)
    sibling.publish()
    folder = assembling.assemble(sibling.name, tmp_path / "whole", assets)
    absent = {"text_encoder_3": None, "tokenizer_3": None} if module is sd3 else {}
    pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=torch.float32, **absent)
    pipeline.set_progress_bar_config(disable=True)
    painted = pipeline("a cat", height=128, width=128, num_inference_steps=2, output_type="np", **told).images
    assert painted.shape == (1, 128, 128, 3)
    assert np.isfinite(painted).all()


def test_flux_learns_what_guidance_does(assets: Path) -> None:
    sibling = flux.Flux()
    batch = Batch(torch.randn(4, 4, 16, 16), ["a cat", "an owl", "a key", ""], 16)
    assert sibling.loss(batch, 0.9).isfinite()
    assert sibling.teacher is not None


def test_words_are_whole_and_strange_ones_fall_into_letters() -> None:
    tokenizer = flux.t5_tokenizer()
    assert tokenizer.tokenize("a cat, on a red background") == [
        *("▁a", "▁cat", ",", "▁on", "▁a", "▁red", "▁background")
    ]
    assert tokenizer.decode(tokenizer("sks quux").input_ids, skip_special_tokens=True) == "sks quux"
