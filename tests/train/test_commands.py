"""What a person asks of a training that runs: a sample, a checkpoint, a pause."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.errors import Paused
from studio.jobs.context import Context
from studio.jobs.run import Run
from tests.train.studio_in_small import Small, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


class Asking(Context):
    """A context whose person asks for something after the second step."""

    def __init__(self, small: Small, run: Run, *requests: str) -> None:
        super().__init__(small.workspace, run, small.events.append)
        self.requests = requests

    def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
        super().progress(step, total, message, **values)
        if message.startswith("Step 2 "):
            for request in self.requests:
                (self.folder / request).touch()


def test_sample_now_and_save_now_change_nothing_else(small: Small) -> None:
    plain = small.run(dropout=0.2)
    small.train(plain)
    for request, what in (("sample-now", "sample"), ("save-now", "checkpoint")):
        small.events.clear()
        asked = small.run(dropout=0.2, save_every=1000)
        small.train(asked, Asking(small, asked, request))
        assert [told.facts["step"] for told in small.told(what) if told.facts["asked"]][:1] == [2]
        assert not (asked.folder(small.workspace) / request).exists()
        assert small.steps(asked) == small.steps(plain)


def test_a_paused_training_goes_on_exactly(small: Small) -> None:
    plain, paused = small.run(), small.run()
    small.train(plain)
    with pytest.raises(Paused):
        small.train(paused, Asking(small, paused, "pause"))
    folder = paused.folder(small.workspace)
    assert [path.name for path in (folder / "checkpoints").iterdir()][-1:] == ["step-000002"]
    (folder / "pause").unlink()
    small.train(paused)
    assert small.steps(paused) == small.steps(plain)


def test_a_sample_asked_for_just_before_a_pause_is_painted_when_it_goes_on(small: Small) -> None:
    run = small.run()
    with pytest.raises(Paused):
        small.train(run, Asking(small, run, "sample-now", "pause"))
    (run.folder(small.workspace) / "pause").unlink()
    small.train(run)
    assert [told.facts["step"] for told in small.told("sample") if told.facts["asked"]][:1] == [2]
