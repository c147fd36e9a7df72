"""Two processes do what one does with twice the accumulation, also after one of them was killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from studio.jobs.dispatcher import on_cards
from studio.jobs.queue import Queue
from studio.jobs.run import Run
from studio.jobs.snapshot import Journal
from tests.conftest import ROOT
from tests.train.studio_in_small import Small, make_small

VALUES = {
    "steps": 4, "save_every": 2, "rank": 4, "learning_rate": 1e-3, "optimizer": "adamw", "dropout": 0.0,
    "text_learning_rate": 5e-4,
}  # fmt: skip


def together(small: Small, run: Run, *module: str) -> int:
    """Do the run with two processes, started as for two cards; returns what they ended with."""
    Queue(small.workspace).resume(run.id)
    command = on_cards([sys.executable, "-m", *module], 2)
    told = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    print(told.stderr[-3000:])
    return told.returncode


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_two_processes_agree_with_one_that_accumulates_twice_as_much(tmp_path: Path) -> None:
    small = make_small(tmp_path)
    root = str(small.workspace.root)
    one, two, killed = small.run(**VALUES, accumulation=2), small.run(**VALUES), small.run(**VALUES)
    small.train(one)
    assert together(small, two, "studio", "work", "--workspace", root, two.id) == 0
    assert Journal(small.workspace).job(two.id).state == "done"
    alone, shared = small.steps(one), small.steps(two)
    assert [line["step"] for line in shared] == [1, 2, 3, 4]
    assert [line["loss"] for line in shared] == pytest.approx([line["loss"] for line in alone], rel=1e-4)
    assert together(small, killed, "tests.train.killed", root, killed.id, "3") != 0
    assert len(small.steps(killed)) == 3
    assert together(small, killed, "studio", "resume", killed.id, "--workspace", root) == 0
    assert small.steps(killed) == shared
    assert len(list(small.workspace.loras.glob("*.safetensors"))) == 3
