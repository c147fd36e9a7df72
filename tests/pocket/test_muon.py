"""Muon learns, and goes on where it was interrupted."""

from __future__ import annotations

import torch

from studio.pocket import muon


def _learn(model: torch.nn.Module, optimizer: muon.Muon, steps: int) -> float:
    rows = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))
    for _ in range(steps):
        optimizer.zero_grad()
        loss = (model(rows) - rows.flip(1)).square().mean()
        loss.backward()
        optimizer.step()
    return loss.item()


def _model() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.SiLU(), torch.nn.Linear(32, 8))


def test_the_updates_are_orthogonal() -> None:
    found = muon.orthogonalised(torch.randn(2, 12, 30, generator=torch.Generator().manual_seed(0)))
    values = torch.linalg.svdvals(found)
    assert values.min() > 0.5
    assert values.max() < 1.5


def test_it_learns() -> None:
    model = _model()
    optimizer = muon.optimizer(model, 2e-2)
    first = _learn(model, optimizer, 1)
    assert _learn(model, optimizer, 200) < 0.3 * first


def test_resumed_it_goes_on_as_if_never_stopped() -> None:
    whole = _model()
    straight = _learn(whole, muon.optimizer(whole, 5e-3), 12)
    first = _model()
    optimizer = muon.optimizer(first, 5e-3)
    _learn(first, optimizer, 6)
    second = _model()
    second.load_state_dict(first.state_dict())
    again = muon.optimizer(second, 5e-3)
    again.load_state_dict(optimizer.state_dict())
    assert _learn(second, again, 6) == straight
