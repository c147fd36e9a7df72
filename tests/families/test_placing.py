"""Of a frugal model only the part that works is on the card."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from studio.families import _placing
from studio.families._placing import Place, _come_when_called


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[tuple[nn.Module, str]]:
    found: list[tuple[nn.Module, str]] = []
    monkeypatch.setattr(_placing, "move", lambda module, device: found.append((module, str(device))))
    return found


def test_a_part_comes_when_it_is_called_and_the_others_leave(moves: list[tuple[nn.Module, str]]) -> None:
    parts: dict[str, Any] = {name: nn.Linear(2, 2) for name in ("denoiser", "vae", "text")}
    place = Place(torch.device("cuda"), {name: [part] for name, part in parts.items()})
    for part in parts.values():
        _come_when_called(part, place)
    for name in ("text", "text", "denoiser", "vae"):
        parts[name](torch.zeros(1, 2))
    text, denoiser, vae = parts["text"], parts["denoiser"], parts["vae"]
    assert moves == [
        (text, "cuda"), (text, "cpu"), (denoiser, "cuda"), (denoiser, "cpu"), (vae, "cuda"),
    ]  # fmt: skip


def test_parts_that_learn_together_stay_together(moves: list[tuple[nn.Module, str]]) -> None:
    denoiser, text, vae = nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 2)
    place = Place(torch.device("cuda"), {"denoiser": [denoiser], "text": [text], "vae": [vae]})
    place.bring("denoiser")
    place.join("denoiser", "text")
    moves.clear()
    place.bring("vae")
    assert {module for module, where in moves if where == "cpu"} == {denoiser, text}
