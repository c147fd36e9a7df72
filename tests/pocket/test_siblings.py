"""The siblings learn, and open as whole pipelines of their families once they are assembled."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from studio.pocket import clip
from studio.pocket.siblings import assembling, flux, sd3, teacher, xl
from studio.pocket.siblings.teacher import Teacher
from studio.pocket.siblings.training import Batch, Sibling
from studio.pocket.unet import ALPHAS, NOISE

POCKET = Path(__file__).parents[2] / "assets" / "pocket"
LENT = ("vae", "clip", "unet", "text_encoder", "tokenizer", "scheduler")

pytestmark = pytest.mark.skipif(not (POCKET / "unet").exists(), reason="the weights are not here")


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The miniature's parts that siblings borrow, in a folder where they can be published."""
    for name in LENT:
        (tmp_path / name).symlink_to(POCKET / name)
    for module in (xl, sd3, flux, teacher):
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
        loss = sibling.loss(batch)
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


def test_the_teacher_sees_the_picture_that_the_miniature_does() -> None:
    """Against the scheduler's own way from a v-prediction to the picture, with guidance and without."""
    teacher, at = Teacher(), 600
    clean, noise = torch.randn(2, 3, 4, 16, 16)
    usual = NOISE.add_noise(clean, noise, torch.full((3,), at))
    share = (1 - ALPHAS[at]).sqrt()
    length = share + ALPHAS[at].sqrt()
    sigmas, guidance = (share / length).expand(3), torch.tensor([1.0, 3.0, 5.0])
    words = ["a cat", "an owl", "a key"]
    velocities = teacher.velocities(usual / length, sigmas, words, guidance)
    NOISE.set_timesteps(1000)
    states = teacher.tower(clip.token_ids(teacher.tokenizer, [*words, ""])).last_hidden_state
    with torch.no_grad():
        told = teacher.unet(usual, at, states[:3]).sample
        plain = teacher.unet(usual, at, states[3:].expand_as(states[:3])).sample
        guided = plain + guidance.view(-1, 1, 1, 1) * (told - plain)
    seen = NOISE.step(guided, at, usual).pred_original_sample
    torch.testing.assert_close(usual / length - sigmas[0] * velocities, seen, rtol=0.05, atol=0.1)


def test_words_are_whole_and_strange_ones_fall_into_letters() -> None:
    tokenizer = flux.t5_tokenizer()
    assert tokenizer.tokenize("a cat, on a red background") == [
        *("▁a", "▁cat", ",", "▁on", "▁a", "▁red", "▁background")
    ]
    assert tokenizer.decode(tokenizer("sks quux").input_ids, skip_special_tokens=True) == "sks quux"
