"""Figures are taken once of the same weights, and say plainly whether they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.pocket import evaluate, judge, ledger
from studio.pocket.evaluate import Measure, table
from studio.pocket.scenes import plain


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for module in (ledger, evaluate):
        monkeypatch.setattr(module, "BUILD", tmp_path)
    monkeypatch.setattr(ledger, "ASSETS", tmp_path / "assets")
    (tmp_path / "assets" / "vae").mkdir(parents=True)
    (tmp_path / "assets" / "vae" / "model.safetensors").write_bytes(b"first")
    return tmp_path


def test_what_is_measured_is_not_measured_again_until_the_weights_change(
    build: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def take() -> dict[str, float]:
        taken.append(1)
        return {"psnr": 27.5}

    monkeypatch.setattr(evaluate, "MEASURES", {"autoencoder": Measure(take, ("vae",))})
    evaluate.run()
    evaluate.run(["autoencoder"])
    assert len(taken) == 1
    (build / "assets" / "vae" / "model.safetensors").write_bytes(b"second")
    evaluate.run()
    assert len(taken) == 2


def test_the_table_says_what_falls_short() -> None:
    told = table({"painter": {"thing": 0.52, "style": 0.97}, "last_mixes": {"clip_mixed_nearest": 9.0}})
    assert "| painter, thing | 0.52 | ≥ 0.7 | falls short |" in told
    assert "| painter, style | 0.97 | ≥ 0.95 | holds |" in told
    assert "| last_mixes, clip mixed nearest | 9 | ≥ 8 | holds |" in told


def test_the_judge_wants_every_thing_that_was_asked_for() -> None:
    first, second, third = judge.KNOWN[:3]
    pair = plain(first, "flat", "red")
    pair = type(pair)((first, second), pair.style, pair.background)

    class Fixed(judge.Judge):
        def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:  # type: ignore[override]
            things = torch.zeros(len(pictures), len(judge.KNOWN))
            things[:, 0], things[:, 1] = 2.0, 1.0
            return things, torch.tensor([[1.0, 0, 0, 0]] * len(pictures)), torch.eye(12)[[3] * len(pictures)]

    asked = [plain(first, "flat", "red"), plain(third, "bold", "blue"), pair]
    right = judge.verdicts(Fixed(), [Image.new("RGB", (8, 8))] * 3, asked)
    assert right["thing"].tolist() == [True, False, True]
    assert right["style"].tolist() == [True, False, True]
    assert right["background"].tolist() == [True, False, True]
