"""Snapshots: what a page shows of the jobs, folded from their event logs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from studio.errors import StudioError
from studio.jobs.events import Artifact, Ended, Event, EventLog, Progress, Started
from studio.jobs.processes import last_words
from studio.jobs.queue import Queue, running
from studio.jobs.run import Run, read_run
from studio.workspace import Workspace

ENDED_EARLY = ("stopped", "paused", "failed", "died")


@dataclass
class JobView:
    """One job as a person sees it. `state` is waiting, running, done, stopped, paused, failed or died."""

    run: Run
    state: str = "waiting"
    step: int = 0
    total: int = 0
    message: str = ""
    seconds_left: float | None = None
    values: dict[str, float] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    ended_at: float | None = None
    began: bool = False
    afresh: dict[str, Any] | None = None

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1."""
        return self.step / self.total if self.total else 0.0

    @property
    def can_resume(self) -> bool:
        """Whether the job ended early and can go on; not where that would end alike (`Ended.afresh`)."""
        return self.state in ENDED_EARLY and self.afresh is None


class Journal:
    """Follows the jobs of a workspace, reading only what was added since the last look."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace, self.queue = workspace, Queue(workspace)
        self._followed: dict[str, _Followed] = {}

    def job(self, run_id: str) -> JobView:
        """One job as it stands now; raises `StudioError` for an unknown one."""
        if run_id not in self._followed:
            self._followed[run_id] = _Followed(self.queue.read(run_id), self.workspace)
        return self._followed[run_id].look(queued=self.queue.holds(run_id))

    def queued(self) -> list[JobView]:
        """The running job, if there is one, and those that wait, in order."""
        return [self.job(run.id) for run in self.queue.waiting()]

    def latest(self, kind: str, count: int = 20) -> list[JobView]:
        """The newest jobs of a kind, newest first."""
        found = []
        for folder in sorted(self.workspace.runs.glob(f"*-{kind}-*"), reverse=True):
            try:
                found.append(self.job(read_run(folder).id))
            except StudioError:
                continue
            if len(found) == count:
                break
        return found


class _Followed:
    """The folded state of one job, and how far its log has been read."""

    def __init__(self, run: Run, workspace: Workspace) -> None:
        self.view, self.folder, self.offset = JobView(run), run.folder(workspace), 0
        self.pace: deque[tuple[float, int]] = deque(maxlen=60)

    def look(self, *, queued: bool) -> JobView:
        events, self.offset = EventLog(self.folder).since(self.offset)
        for event in events:
            self._fold(event)
        view = self.view
        if view.state == "running" and not queued and running(self.folder) is None:
            return replace(view, state="died", message=last_words(None))
        if queued and view.state in ENDED_EARLY:
            return replace(view, state="waiting", seconds_left=None, message="")
        return view

    def _fold(self, event: Event) -> None:
        view = self.view
        if isinstance(event, Started):
            view.state, view.message, view.ended_at, view.began = "running", "", None, True
            view.afresh = None
            self.pace.clear()
        elif isinstance(event, Progress):
            if event.total != view.total or event.step < view.step:
                self.pace.clear()  # of something else
            view.step, view.total, view.message = event.step, event.total, event.message
            view.values = event.values
            self._keep_pace(event)
            view.seconds_left = self._seconds_left()
        elif isinstance(event, Artifact):
            view.artifacts.append(event)
        elif isinstance(event, Ended):
            view.state, view.message = event.outcome, event.message
            view.ended_at, view.seconds_left, view.afresh = event.at, None, event.afresh

    def _keep_pace(self, event: Progress) -> None:
        """Opening a model, before the first step, says nothing about how long a step takes."""
        if len(self.pace) == 1 and event.step == self.pace[0][1]:
            self.pace.clear()
        self.pace.append((event.at, event.step))

    def _seconds_left(self) -> float | None:
        """From the mean pace of the last steps, what came between them too; unknown until some are done."""
        if len(self.pace) < 2 or self.pace[-1][1] <= self.pace[0][1]:
            return None
        (began, first), (at, last) = self.pace[0], self.pace[-1]
        return (self.view.total - self.view.step) * (at - began) / (last - first)
