"""Every network: put in, it changes nothing; trained, its file says exactly what it does."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from studio.families._base import Model
from studio.models.opening import open_model
from studio.networks import NETWORKS
from studio.workspace import Workspace
from tests.tiny import write_tiny_pipeline

SETTINGS = SimpleNamespace(rank=4, alpha=2.0)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    workspace = Workspace.open(tmp_path)
    write_tiny_pipeline(workspace.models / "tiny")
    return open_model("tiny", workspace, device=torch.device("cpu"))


def said(model: Model) -> torch.Tensor:
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return model.predict(latents, torch.tensor([10, 900]), model.encode_prompts(["a fox", "a cat"]))


@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_fresh_network_changes_nothing(model: Model, name: str) -> None:
    before = said(model)
    NETWORKS.get(name).attach(model, SETTINGS)
    assert torch.equal(said(model), before)


@pytest.mark.parametrize("name", NETWORKS.names())
def test_its_factors_are_what_it_does(model: Model, name: str) -> None:
    attached = NETWORKS.get(name).attach(model, SETTINGS)
    for weight in attached.weights.values():
        torch.nn.init.normal_(weight, std=0.3)
    trained = said(model)
    factors = attached.factors()
    plain = dict(model.denoiser.named_modules())
    attached.load({key: torch.zeros_like(weight) for key, weight in attached.weights.items()})
    assert not torch.allclose(said(model), trained, atol=1e-3)
    with torch.no_grad():
        for path, each in factors.items():
            weight = plain[path].base_layer.weight
            weight += each.delta(weight)
    assert torch.allclose(said(model), trained, atol=1e-4)


@pytest.mark.parametrize("name", NETWORKS.names())
def test_all_attention_layers_are_trained_in_float32(tmp_path: Path, name: str) -> None:
    workspace = Workspace.open(tmp_path)
    write_tiny_pipeline(workspace.models / "tiny")
    model = open_model("tiny", workspace, device=torch.device("cpu"), dtype=torch.bfloat16)
    layers = {
        path
        for path, part in model.denoiser.named_modules()
        if isinstance(part, torch.nn.Linear)
        and path.rsplit("attn", 1)[-1][2:] in ("to_q", "to_k", "to_v", "to_out.0")
    }
    attached = NETWORKS.get(name).attach(model, SETTINGS)
    assert set(attached.factors()) == layers
    assert {weight.dtype for weight in attached.weights.values()} == {torch.float32}


@pytest.mark.parametrize("name", NETWORKS.names())
def test_a_state_is_taken_over_exactly(model: Model, name: str) -> None:
    attached = NETWORKS.get(name).attach(model, SETTINGS)
    kept = attached.state()
    for weight in attached.weights.values():
        torch.nn.init.normal_(weight)
    attached.load(kept)
    assert all(torch.equal(attached.weights[key], value) for key, value in kept.items())
