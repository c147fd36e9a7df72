"""`studio fit` prints the table for any card, with none present."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from studio.cli import app
from studio.memory.allowance import GIB
from studio.train import fitting

PEAKS = {"text": GIB, "latents": GIB, "step": 5 * GIB, "sampling": 4 * GIB, "saving": GIB}


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is really counted here."""
    facts = {
        "activations": GIB,
        "checkpointed": GIB,
        "trained": 10,
        "text": 0,
        "stored": GIB,
        "resolution": 1024,
    }

    def ask(module: str, question: Mapping[str, Any]) -> dict[str, Any]:
        return {"peaks": PEAKS, "facts": facts}

    monkeypatch.setattr(fitting, "ask", ask)


@pytest.mark.parametrize(("card", "verdict"), [("11", "fits"), ("4", "too big")])
def test_a_family_on_a_card(tmp_path: Path, card: str, verdict: str) -> None:
    told = CliRunner().invoke(
        app, ["fit", "--family", "sdxl", "--card", card, "--workspace", str(tmp_path), "--json"]
    )
    assert told.exit_code == 0, told.output
    rows = json.loads(told.stdout)
    assert {row["verdict"] for row in rows.values()} == {verdict}
    assert "SDXL, a subject" in rows, "the presets of the family come along"
    assert [phase["bytes"] for phase in next(iter(rows.values()))["phases"]] == list(PEAKS.values())


def test_all_families_as_a_table(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["fit", "--card", "8", "--workspace", str(tmp_path)])
    assert told.exit_code == 0, told.output
    for title in ("Stable Diffusion 1.x", "Stable Diffusion XL", "Stable Diffusion 3.5", "FLUX.1"):
        assert title in told.stdout
