"""After a power cut, from whichever checkpoint is left, a training ends as the one that was never cut off."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.adapters.header import read_header
from studio.jobs.context import Context
from studio.jobs.queue import Queue
from studio.jobs.run import Run
from tests.conftest import ROOT
from tests.train.studio_in_small import Small, make_small

VALUES = {
    "steps": 7, "save_every": 3, "batch_size": 3, "rank": 32, "network": "locon", "learning_rate": 1e-3,
    "text_learning_rate": 5e-4, "dropout": 0.1, "caption_dropout": 0.3, "optimizer": "adamw8bit",
}  # fmt: skip


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def hashes(small: Small) -> set[str]:
    """Of the tensors in the finished files."""
    return {
        read_header(path).metadata["sshs_model_hash"] for path in small.workspace.loras.glob("*.safetensors")
    }


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_a_killed_training_ends_as_one_that_was_not(small: Small) -> None:
    unbroken = small.run(**VALUES)
    small.train(unbroken)
    for moment in (["5"], ["6", "saving"]):
        kill_and_resume(small, unbroken, moment)
    assert len(hashes(small)) == 1


def kill_and_resume(small: Small, unbroken: Run, moment: list[str]) -> None:
    """A run that ends at this moment, and goes on."""
    killed = small.run(**VALUES)
    Queue(small.workspace).resume(killed.id)
    command = [sys.executable, "-m", "tests.train.killed", str(small.workspace.root), killed.id, *moment]
    assert subprocess.run(command, cwd=ROOT, env=os.environ).returncode == -signal.SIGKILL
    folder = killed.folder(small.workspace) / "checkpoints"
    assert [path.name for path in folder.glob("step-*")] == ["step-000003"]
    assert len(small.steps(killed)) == int(moment[0])
    small.train(killed)
    assert small.steps(killed) == small.steps(unbroken)
    assert not list(folder.glob(".*"))


def test_every_checkpoint_leads_to_the_same_end(small: Small) -> None:
    values = {**VALUES, "steps": 5, "save_every": 1}
    unbroken = small.run(**values)
    states = small.workspace.root / "states"

    class Keeping(Context):
        def artifact(self, what: str, path: Any = "", **facts: Any) -> None:
            if what == "checkpoint":
                shutil.copytree(path, states / Path(path).name)
            super().artifact(what, path, **facts)

    small.train(unbroken, Keeping(small.workspace, unbroken, small.events.append))
    for state in sorted(states.iterdir())[:-1]:
        resumed = small.run(**values)
        shutil.copytree(state, resumed.folder(small.workspace) / "checkpoints" / state.name)
        small.train(resumed)
        done = int(state.name[-6:])
        assert small.steps(resumed) == small.steps(unbroken)[done:]
    assert len(hashes(small)) == 1
