"""Whether painting fits: with all parts on the card, one after the other, or with the VAE in tiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.generate import fitting
from studio.generate.fitting import fit_to_card, known, most_at_once, work_out
from studio.generate.settings import GenerateSettings
from studio.memory.allowance import GIB
from studio.memory.fit import card_of
from studio.workspace import Workspace


def counted(module: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """In place of the process: a denoiser of 4 GiB, text encoders of 1.5, 0.5 for each picture."""
    settings = question["settings"]
    denoiser = {"plain": 4.0, "fp8": 2.0, "nf4": 1.0}[settings["storage"]]
    painting = denoiser + 0.5 * settings["batch_size"]

    def peaks(text: float, painting: float, decoding: float) -> dict[str, int]:
        found = {"text": text, "painting": painting, "decoding": decoding}
        return {name: int(size * GIB) for name, size in found.items()}

    return {
        "together": peaks(1.5 + denoiser, painting + 1.7, denoiser + 4.2),
        "parts": peaks(1.5, painting, 2.4),
        "tiled": peaks(1.5, painting, 0.5),
        "each": GIB // 2,
        "stored": 2 * GIB,
    }


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(fitting, "ask", counted)
    return Workspace.open(tmp_path)


def settings(**values: Any) -> GenerateSettings:
    return GenerateSettings.parse({"base": "sdxl", **values})


@pytest.mark.parametrize(
    ("gib", "verdict", "told"),
    [(12, "fits", ""), (6, "fits", "take turns"), (5, "too big", "tiles")],
)
def test_the_quickest_way_that_fits_is_told(
    workspace: Workspace, gib: float, verdict: str, told: str
) -> None:
    fit = work_out(settings(), workspace, card_of(gib))
    assert (fit.verdict, told in fit.sentence) == (verdict, True)
    assert known(settings(prompt="a fox"), workspace, card_of(gib)) == fit


@pytest.mark.parametrize(("gib", "most"), [(4, 0), (6, 1), (8, 5), (24, 16)])
def test_how_many_at_once(workspace: Workspace, gib: float, most: int) -> None:
    assert abs(most_at_once(settings(), workspace, card_of(gib)) - most) <= 1


def test_fewer_at_once_come_before_a_packed_base(workspace: Workspace) -> None:
    changes, fit = fit_to_card(settings(batch_size=8), workspace, card_of(7))
    assert (changes["batch_size"] < 8, "storage" in changes, fit.verdict != "too big") == (True, False, True)
    changes, _ = fit_to_card(settings(), workspace, card_of(4))
    assert changes == {"storage": "fp8"}
