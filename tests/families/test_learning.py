"""Every family's training lowers its loss: a LoRA learns one picture at noise levels in the middle."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from studio.families._base import Model
from studio.models import source as sources
from studio.models.identify import identify
from studio.models.opening import open_model
from studio.models.source import Source
from studio.networks import NETWORKS
from studio.train import objective
from studio.workspace import Workspace
from tests.families.small import SMALL, write_small

USUAL = SimpleNamespace(
    rank=4,
    alpha=4.0,
    dropout=0.0,
    blocks="",
    initialization="usual",
    rank_stabilised=False,
    text_learning_rate=0.0,
)
SIBLINGS = [
    name for name, (folder, _) in sources.MINIATURES.items() if (folder / "model_index.json").is_file()
]


def fall(model: Model, *, steps: int, rate: float) -> float:
    """The loss after a few steps on one picture, of what it was before; noise that is never trained on."""
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(3)) * 2 - 1
    with torch.no_grad():
        latents = model.encode_pictures(pixels).repeat(4, 1, 1, 1)
        told = {
            name: tensor.repeat_interleave(4, 0) for name, tensor in model.encode_prompts(["a dot"]).items()
        }
    schedule, levels = model.schedule(), torch.tensor([350, 450, 550, 650])
    torch.manual_seed(1)
    attached = NETWORKS.get("lora").attach(model, USUAL)
    model.train_with(checkpointing=True)
    optimizer = torch.optim.Adam(attached.weights.values(), lr=rate)

    def loss(seed: int) -> torch.Tensor:
        noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(seed))
        return objective.loss(model, schedule, latents, told, noise=noise, timesteps=levels)

    with torch.no_grad():
        before = loss(0)
    for seed in range(1, steps + 1):
        optimizer.zero_grad()
        loss(seed).backward()
        optimizer.step()
    with torch.no_grad():
        return float(loss(0) / before)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_model_learns(name: str, tmp_path: Path) -> None:
    source = Source("folder", str(write_small(name, tmp_path / name)), name)
    model = identify(source).open(source, device=torch.device("cpu"), dtype=torch.float32)
    assert fall(model, steps=30, rate=0.02) < 0.97


@pytest.mark.parametrize("name", SIBLINGS)
def test_a_miniature_learns(name: str, workspace: Workspace) -> None:
    model = open_model(name, workspace, device=torch.device("cpu"))
    assert fall(model, steps=15, rate=0.005) < 0.95
