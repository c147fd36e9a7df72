"""A worker that is killed in the middle of a run, as by a power cut.

    python -m tests.train.killed WORKSPACE RUN STEP [saving]

It dies right after that step was written down, or while its checkpoint is being saved.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from studio.jobs import worker
from studio.jobs.context import Context
from studio.kinds import KINDS
from studio.train import checkpoints
from studio.workspace import Workspace


def die() -> None:
    """As nothing in Python can prevent or notice."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(root: str, run: str, last: str, saving: str = "") -> None:
    """Do the run until then."""

    class Cut(Context):
        def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
            super().progress(step, total, message, **values)
            if not saving and message.startswith(f"Step {last} "):
                die()

    replace = Path.replace

    def cut(path: Path, target: Any) -> Any:
        if saving and checkpoints.LORA in os.listdir(path) and f"{int(last):06d}" in path.name:
            die()
        return replace(path, target)

    setattr(worker, "Context", Cut)  # noqa: B010 (as a test patches it)
    setattr(Path, "replace", cut)  # noqa: B010
    worker.Worker(Workspace.open(root), KINDS).serve([run])


if __name__ == "__main__":
    main(*sys.argv[1:])
