"""On the miniature every network and every optimizer learns a fox that the base never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from studio.adapters.mixing import Mixer
from studio.adapters.naming import kohya_key, layer_table
from studio.adapters.reading import read_adapter
from studio.adapters.writing import write_adapter
from studio.networks import NETWORKS
from studio.train.optimizers import OPTIMIZERS
from studio.workspace import Workspace
from tests.networks.miniature import Miniature, attach, train

# Learning rates that suit 20 steps, and fewer blocks for the wide ones, whose steps take longer.
RATES: dict[str, tuple[float, str]] = {
    "lora": (6e-3, ""),
    "locon": (4e-3, "up"),
    "dora": (6e-3, ""),
    "loha": (8e-3, "up"),
    "lokr": (2e-2, "up"),
    "mixable": (1.5e-2, ""),
}
BEGINNINGS = {"gaussian": 6e-3, "pissa": 1e-3, "olora": 2e-3, "eva": 4e-3}
OPTIMIZER_RATES = {"lion8bit": 2e-3, "adafactor": 3e-3, "prodigy": 1.0, "schedule-free": 1e-2}
STEPS = {"prodigy": 40}  # it must find its rate first


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """Encoded once for all tests."""
    return Miniature(Workspace.open(tmp_path_factory.mktemp("workspace")))


@pytest.fixture(scope="session")
def before(miniature: Miniature) -> tuple[float, float]:
    """The loss at fixed noise, and the likeness to the fox, of the base alone."""
    model = miniature.model()
    return miniature.fixed_loss(model), miniature.likeness(model)


def learn(
    miniature: Miniature, before: tuple[float, float], network: str, optimizer: str, **values: Any
) -> Any:
    """Train, and demand that the loss has fallen by 8 % and the likeness risen by 0.08; returns both ends."""
    rate, steps = values.pop("rate"), values.pop("steps", 20)
    model = miniature.model()
    attached = attach(miniature, model, network, **values)
    train(miniature, model, attached, optimizer=optimizer, rate=rate, steps=steps)
    loss, likeness = miniature.fixed_loss(model), miniature.likeness(model)
    print(network, optimizer, f"loss {before[0]:.3f} → {loss:.3f}, likeness {before[1]:.2f} → {likeness:.2f}")
    assert loss < 0.92 * before[0]
    assert likeness > before[1] + 0.08
    return model, attached


@pytest.mark.parametrize("name", NETWORKS.names())
def test_every_network_learns_and_its_file_says_what_it_learned(
    miniature: Miniature, before: tuple[float, float], tmp_path: Path, name: str
) -> None:
    rate, blocks = RATES[name]
    model, attached = learn(miniature, before, name, "adamw", rate=rate, blocks=blocks)
    factors = {kohya_key("lora_unet", layer): each for layer, each in attached.factors().items()}
    path = tmp_path / "fox.safetensors"
    write_adapter(path, factors, {}, dtype=torch.float32)
    fresh = miniature.model()
    Mixer(fresh).apply([(read_adapter(path, layer_table(fresh)), 1.0)])
    assert torch.allclose(miniature.said(fresh), miniature.said(model), atol=1e-4)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_every_beginning_of_a_lora_learns(
    miniature: Miniature, before: tuple[float, float], beginning: str
) -> None:
    learn(miniature, before, "lora", "adamw", rate=BEGINNINGS[beginning], initialization=beginning)


def test_a_cosine_ends_no_worse_than_a_level_rate(miniature: Miniature) -> None:
    ends = {}
    for schedule in ("cosine", "constant"):
        model = miniature.model()
        attached = attach(miniature, model, "lora")
        train(miniature, model, attached, rate=2e-2, steps=30, schedule=schedule)
        ends[schedule] = miniature.fixed_loss(model)
    print(ends)
    assert ends["cosine"] <= ends["constant"]


@pytest.mark.parametrize("optimizer", sorted(set(OPTIMIZERS.names()) - {"adamw", "paged-adamw8bit"}))
def test_every_optimizer_learns(miniature: Miniature, before: tuple[float, float], optimizer: str) -> None:
    rate = OPTIMIZER_RATES.get(optimizer, 6e-3)
    learn(miniature, before, "lora", optimizer, rate=rate, steps=STEPS.get(optimizer, 20))
