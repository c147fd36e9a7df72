"""A worker process with small engines of its own, for the tests of the queue."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from studio.errors import PictureError
from studio.jobs.context import Context
from studio.jobs.worker import Kind, Worker, serve_from_pipe
from studio.settings import Knob, Settings
from studio.workspace import Workspace, writing


class CountSettings(Settings):
    """What the counting engine is asked to do."""

    steps: int = Knob(3, ge=1, le=100_000, label="Steps", help="How far to count.")
    fate: str = Knob("", label="Fate", help="What happens at the last step.")


PAUSES = {"waits": 0.02, "sticks": 600}  # seconds a step


def count(context: Context, settings: Any) -> str:
    """Count up, writing each number down, and go on from the last one when resumed."""
    record = context.folder / "count.txt"
    done = int(record.read_text()) if record.exists() else 0
    for step in range(done + 1, settings.steps + 1):
        context.check()
        with writing(record) as file:  # whole even if it is killed just now
            file.write(str(step))
        context.progress(step, settings.steps, loss=1 / step)
        time.sleep(PAUSES.get(settings.fate, 0))
    _meet(settings.fate, context.folder)
    return f"Counted to {settings.steps}."


def _meet(fate: str, folder: Path) -> None:
    if fate == "picture":
        raise PictureError("The picture cat.png cannot be read", remedy="Save it again")
    if fate == "fault":
        raise ZeroDivisionError("a secret of the inside")
    if fate == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if fate == "pid":
        (folder / "pid.txt").write_text(str(os.getpid()))


class Counter:
    """Counts, and shows in live previews how far it would."""

    def __call__(self, context: Context, settings: Any) -> str:
        return count(context, settings)

    def live(self, context: Context, settings: Any) -> bytes:
        context.check()
        _meet("picture" if settings.fate == "damaged" else "", context.folder)
        return str(os.getpid() if settings.fate == "pid" else settings.steps).encode()


KINDS = {
    "count": Kind("count", CountSettings, Counter),
    "alone": Kind("alone", CountSettings, lambda: count, own_process=True),
}
COMMAND = (sys.executable, "-m", "tests.jobs.workshop")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--workspace")
    parser.add_argument("runs", nargs="*")
    asked = parser.parse_args()
    opened = Workspace.open(asked.workspace)
    if asked.runs:
        Worker(opened, KINDS).serve(asked.runs)
    else:
        serve_from_pipe(opened, KINDS)
