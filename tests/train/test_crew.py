"""Two processes do what one does with twice the accumulation."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studio.jobs.queue import Queue
from studio.jobs.run import Run
from studio.jobs.snapshot import Journal
from tests.conftest import ROOT
from tests.train.studio_in_small import Small, make_small

LAUNCH = (
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc_per_node",
    "2",
)  # as accelerate starts cards


def together(small: Small, run: Run) -> None:
    """Do the run with two processes."""
    Queue(small.workspace).resume(run.id)
    command = [sys.executable, *LAUNCH, "-m", "studio", "work"]
    told = subprocess.run(
        [*command, "--workspace", str(small.workspace.root), run.id],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr[-3000:]
    assert Journal(small.workspace).job(run.id).state == "done"


def test_two_processes_agree_with_one_that_accumulates_twice_as_much(tmp_path: Path) -> None:
    small = make_small(tmp_path)
    values = {"steps": 4, "save_every": 2, "rank": 4, "learning_rate": 1e-3, "optimizer": "adamw"}
    one, two = small.run(**values, accumulation=2), small.run(**values)
    small.train(one)
    together(small, two)
    alone, shared = (small.steps(run) for run in (one, two))
    assert [line["step"] for line in shared] == [1, 2, 3, 4]
    assert [line["loss"] for line in shared] == pytest.approx([line["loss"] for line in alone], rel=1e-4)
    shutil.rmtree(two.folder(small.workspace) / "checkpoints" / "step-000004")
    together(small, two)  # from the checkpoint of step 2
    assert small.steps(two) == shared
    assert len(list(small.workspace.loras.glob("*.safetensors"))) == 3
