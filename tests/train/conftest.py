"""Trainings in tests paint their samples in two steps: what is on them does not matter here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.families.pocket import Pocket


@pytest.fixture(autouse=True)
def quick_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The family's usual number of steps would take most of a test's time."""
    monkeypatch.setattr(Pocket, "defaults", replace(Pocket.defaults, steps=2))
