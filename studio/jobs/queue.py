"""The queue: one small file for each waiting or running job, in a folder that survives everything."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.jobs import processes
from studio.jobs.events import Ended, EventLog, Started
from studio.jobs.requests import PAUSE, SAMPLE_NOW, SAVE_NOW, STOP, ask, clear
from studio.jobs.run import Run, new_run, read_run, write_run
from studio.settings import Settings
from studio.workspace import Workspace, writing


class Queue:
    """Waiting jobs in order. A job's marker leaves the folder when the job has ended."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._folder = workspace.hidden / "queue"

    def submit(self, kind: str, settings: Settings, *, title: str = "") -> Run:
        """Write the run down, then queue it."""
        run = new_run(self.workspace, kind, settings, title=title)
        self._mark(run.id)
        return run

    def resume(self, run_id: str, changes: Mapping[str, Any] | None = None) -> None:
        """Queue an ended run again; its engine goes on from what it finds in the run's folder.

        `changes` are settings that are otherwise from now on, such as one that needs less memory.
        """
        run = self.read(run_id)
        if changes and self.marker(run_id) is None:
            write_run(self.workspace, replace(run, settings={**run.settings, **changes}))
        if self.marker(run_id) is None:
            clear(run.folder(self.workspace))
            self._mark(run.id)

    def stop(self, run_id: str) -> None:
        """Ask a running job to stop at its next step; ask again, and its process is ended.

        A job that still waits leaves the queue at once; one that is paused stays where it is.
        """
        folder = self.workspace.runs / self.read(run_id).id
        started = running(folder)
        request = folder / STOP
        if started is None:
            waited = self.holds(run_id)
            self.remove(run_id)
            told = "Taken from the queue before it began." if waited else "Stopped where it was paused."
            EventLog(folder).append(Ended("stopped", told))
        elif request.exists():
            processes.end(started)
        else:
            request.touch()

    def pause(self, run_id: str) -> None:
        """Ask a running job to save and leave the card at its next step; `resume` goes on exactly.

        A job that still waits leaves the queue at once.
        """
        if not self._ask(run_id, PAUSE):
            self.remove(run_id)
            folder = self.workspace.runs / run_id
            EventLog(folder).append(Ended("paused", "Taken from the queue before it began."))

    def sample_now(self, run_id: str) -> bool:
        """Ask a running training to paint its samples at the next step; False if it does not run."""
        return self._ask(run_id, SAMPLE_NOW)

    def save_now(self, run_id: str) -> bool:
        """Ask a running training to write a checkpoint at the next step; False if it does not run."""
        return self._ask(run_id, SAVE_NOW)

    def _ask(self, run_id: str, request: str) -> bool:
        folder = self.workspace.runs / self.read(run_id).id
        if running(folder) is None:
            return False
        ask(folder, request)
        return True

    def move(self, run_id: str, before: str = "") -> None:
        """Put a waiting job before another one, or at the end; a running job cannot be moved, nor overtaken.

        Raises `StudioError` for a job that does not wait.
        """
        order = [run.id for run in self.waiting() if running(run.folder(self.workspace)) is None]
        if run_id not in order:
            raise StudioError("This job does not wait any more, so it cannot be moved")
        order.remove(run_id)
        order.insert(order.index(before) if before in order else len(order), run_id)
        stamps = sorted(marker.name for each in order if (marker := self.marker(each)))
        for each, name in zip(order, stamps, strict=False):
            marker = self.marker(each)
            if marker is not None:
                marker.rename(self._folder / f"{name.partition('-')[0]}-{each}.job")

    def waiting(self) -> Iterator[Run]:
        """The runs with a marker, first come first; a damaged one leaves the queue with a note."""
        for marker in sorted(self._folder.glob("*.job")):
            run_id = marker.stem.partition("-")[2]
            try:
                yield self.read(run_id)
            except StudioError:
                marker.unlink(missing_ok=True)

    def in_hand(self) -> Run | None:
        """The run that a process is doing now, whoever began it."""
        return next((run for run in self.waiting() if running(run.folder(self.workspace))), None)

    def holds(self, run_id: str) -> bool:
        """Whether this run waits or is being done."""
        return self.marker(run_id) is not None

    def read(self, run_id: str) -> Run:
        """The run of this id; raises `StudioError` for one that is not in this workspace."""
        if run_id != Path(run_id).name or run_id.startswith("."):
            raise StudioError(f"“{run_id}” is no run of this workspace")
        return read_run(self.workspace.runs / run_id)

    def remove(self, run_id: str) -> None:
        """Take a run's marker away."""
        marker = self.marker(run_id)
        if marker is not None:
            marker.unlink(missing_ok=True)

    def marker(self, run_id: str) -> Path | None:
        """The marker of a run that waits or is being done; a resumed run gets a new one."""
        return next(self._folder.glob(f"*-{run_id}.job"), None)

    def settle(self) -> list[Run]:
        """Find the jobs whose process is gone, write down what happened, and return them.

        Called when a dispatcher starts: after a power cut the queue is as it was, and jobs
        that were cut off say so and can be resumed.
        """
        lost = []
        for run in list(self.waiting()):
            folder = run.folder(self.workspace)
            started = last_start(folder)
            if started is not None and not processes.alive(started):
                EventLog(folder).append(Ended("died", processes.last_words(None)))
                self.remove(run.id)
                lost.append(run)
        return lost

    def _mark(self, run_id: str) -> None:
        with writing(self._folder / f"{time.time_ns():020d}-{run_id}.job"):
            pass


def last_start(folder: Path) -> Started | None:
    """The start that no end follows, if there is one."""
    open_start: Started | None = None
    for event in EventLog(folder).since()[0]:
        if isinstance(event, Started):
            open_start = event
        elif isinstance(event, Ended):
            open_start = None
    return open_start


def running(folder: Path) -> Started | None:
    """The start of the process that has this job in hand now."""
    started = last_start(folder)
    return started if started is not None and processes.alive(started) else None
