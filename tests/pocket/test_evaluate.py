"""Figures are taken once of the same weights, and say plainly whether they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.pocket import evaluate, judge, ledger, measures
from studio.pocket.evaluate import Measure, table
from studio.pocket.scenes import PAIR, PAIR_CENTRES, Scene, plain


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


class ByColour(judge.Judge):
    """Sees the first thing in what is red, the second in what is blue."""

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:  # type: ignore[override]
        red, blue = pictures[:, 0].mean((1, 2)), pictures[:, 2].mean((1, 2))
        things = torch.zeros(len(pictures), len(judge.KNOWN))
        things[:, 0], things[:, 1] = 1 + red, 1 + blue
        return things, torch.eye(4)[[0] * len(pictures)], torch.eye(12)[[3] * len(pictures)]


def test_the_judge_wants_every_thing_that_was_asked_for() -> None:
    first, second, third = judge.KNOWN[:3]
    pair = Scene((first, second), "flat", "red", PAIR, PAIR_CENTRES)
    red, halves = Image.new("RGB", (128, 128), "red"), Image.new("RGB", (128, 128), "red")
    halves.paste("blue", (64, 0, 128, 128))
    asked = [plain(first, "flat", "red"), plain(third, "bold", "blue"), pair, pair]
    right = judge.verdicts(ByColour(), [red, red, red, halves], asked)
    assert right["thing"].tolist() == [True, False, False, True]
    assert right["style"].tolist() == [True, False, True, True]
    assert right["background"].tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("an owl in flat style on a red background", ["owl"]),
        ("a small owl in bold style on a red dotted background", ["owl"]),
        ("cherries on the left in flat style on a red background", ["cherries"]),
        ("an owl and a hot dog in glossy style on a teal background", ["owl", "hot dog"]),
    ],
)
def test_the_things_that_a_caption_names(words: str, named: list[str]) -> None:
    assert measures._named(words) == named
