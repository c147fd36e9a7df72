"""The desk: what every part of the page works with — the workspace, its queue and its jobs."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from studio.data.pictures import thumbnail
from studio.errors import PictureError, StudioError
from studio.jobs.dispatcher import Dispatcher
from studio.jobs.queue import Queue
from studio.jobs.requests import STOP, pending
from studio.jobs.run import Run
from studio.jobs.snapshot import JobView, Journal
from studio.settings import Settings
from studio.workspace import Workspace

SPARE = 8  # jobs that may have begun in the same second, or ended in another order
BUDGET = 0.2  # seconds that one look at the page may spend on making thumbnails


class Desk:
    """One for each server. Looks are taken under `lock`, for the journal is not made for threads.

    Without a dispatcher nothing can be painted as a slider moves.
    """

    def __init__(self, workspace: Workspace, dispatcher: Dispatcher | None = None) -> None:
        self.workspace, self.dispatcher = workspace, dispatcher
        self.queue = Queue(workspace)
        self.journal = Journal(workspace)
        self.lock = threading.RLock()
        self._runs: tuple[int, list[str]] = (0, [])
        self._thumbnails: dict[tuple[Path, int, int], Path | None] = {}
        self._until = 0.0

    def submit(self, kind: str, settings: Settings, title: str = "") -> Run:
        """Queue a job."""
        return self.queue.submit(kind, settings, title=title)

    def recent(self, kind: str, count: int = 1) -> list[JobView]:
        """The newest jobs of a kind, newest first; the folder is listed only after it has changed."""
        changed = self.workspace.runs.stat().st_mtime_ns
        with self.lock:
            if changed != self._runs[0]:
                names = sorted((folder.name for folder in self.workspace.runs.iterdir()), reverse=True)
                self._runs = (changed, names)
            # A few more than asked for: names tell the second, `created` tells which came first in it.
            ids = [name for name in self._runs[1] if f"-{kind}-" in name][: count + SPARE]
            views = [view for view in map(self._job, ids) if view is not None]
        return sorted(views, key=lambda view: view.run.created, reverse=True)[:count]

    def _job(self, run_id: str) -> JobView | None:
        try:
            return self.journal.job(run_id)
        except StudioError:  # being written just now, or damaged
            return None

    def latest(self, kind: str) -> JobView | None:
        """The newest job of a kind."""
        return next(iter(self.recent(kind)), None)

    def present(self, kind: str) -> JobView | None:
        """The job of a kind that is in hand or next, or else the one that ended last.

        One that was taken from the queue before it began takes no other's place.
        """
        with self.lock:
            queued = [view for view in self.journal.queued() if view.run.kind == kind]
        ended = self.recent(kind, SPARE)
        last = max(ended, key=lambda view: (view.began, view.ended_at or view.run.created), default=None)
        return next(iter(queued), last)

    def asked(self, view: JobView) -> frozenset[str]:
        """What a running job was asked for and has not done yet."""
        return pending(view.run.folder(self.workspace)) if view.state == "running" else frozenset()

    def stopping(self, view: JobView) -> bool:
        """Whether a running job was asked to stop."""
        return STOP in self.asked(view)

    def begin_look(self) -> None:
        """Allow the next look its share of time for thumbnails."""
        self._until = time.monotonic() + BUDGET

    def small(self, picture: Path, side: int = 384) -> Path | None:
        """The thumbnail of a picture, or None while there is none: the rest come at the next looks."""
        try:
            key = (picture, picture.stat().st_mtime_ns, side)
        except OSError:
            return None
        if key not in self._thumbnails and time.monotonic() < self._until:
            try:
                self._thumbnails[key] = thumbnail(picture, self.workspace.cache, side)
            except PictureError:
                self._thumbnails[key] = None
        return self._thumbnails.get(key)

    def large(self, picture: Path, side: int) -> Path:
        """A picture for a close look, at most `side` pixels each way; raises `PictureError`."""
        return thumbnail(picture, self.workspace.cache, side)
