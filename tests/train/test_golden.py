"""The losses of a run at a fixed seed stay what they were: whoever changes them does so knowingly."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.train.metrics import read_metrics
from tests.train.studio_in_small import make_small

LOSSES = (0.2143698, 0.0335590, 0.4846088, 0.0086709, 0.0160124, 0.2672485)


def test_the_losses_are_those_of_the_first_version(tmp_path: Path) -> None:
    small = make_small(tmp_path)
    run = small.run(steps=6, rank=4, learning_rate=1e-2, batch_size=2)
    small.train(run)
    found = [line["loss"] for line in read_metrics(run.folder(small.workspace))]
    assert found == pytest.approx(LOSSES, rel=1e-4)
