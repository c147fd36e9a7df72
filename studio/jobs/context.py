"""Context: all that an engine knows of the outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.errors import Cancelled, Paused
from studio.jobs.events import Artifact, Event, Progress
from studio.jobs.live import Glimpse, LiveRequest
from studio.jobs.requests import PAUSE, STOP, taken
from studio.jobs.run import Run
from studio.workspace import Workspace

EVERY = 0.25  # seconds between two progress events that are written down


class Context:
    """What an engine is given: where things are, and how to tell, show and be stopped.

    `tell` receives every event; the worker writes them to the run's event log, the command
    line draws them. `show` receives glimpses, which nobody writes down.
    """

    def __init__(
        self,
        workspace: Workspace,
        run: Run,
        tell: Callable[[Event], None],
        show: Callable[[Glimpse], None] = lambda glimpse: None,
    ) -> None:
        self.workspace, self.run, self._show = workspace, run, show
        self.folder = run.folder(workspace)
        self._tell, self._last, self._stop = tell, 0.0, self.folder / STOP

    def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
        """Say that `step` of `total` steps are done; called as often as one likes."""
        now = time.monotonic()
        if step in (0, total) or now - self._last >= EVERY:
            self._last = now
            self._tell(Progress(step, total, message, values))

    def artifact(self, what: str, path: Path | str = "", **facts: Any) -> None:
        """Say that something was made: a sample, a checkpoint, a picture, a caption, a note."""
        self._tell(Artifact(what, str(path), facts))

    def glimpse(self, jpeg: bytes, step: int, steps: int) -> None:
        """Show a picture of the moment to whoever looks just now."""
        self._show(Glimpse(run=self.run.id, step=step, steps=steps, jpeg=jpeg))

    def check(self) -> None:
        """Raise `Cancelled` after Stop and `Paused` after Pause; called at every step boundary."""
        if self._stop.exists():
            raise Cancelled
        if (self.folder / PAUSE).exists():
            raise Paused

    def asked(self, request: str) -> bool:
        """Whether the person asked for this ("sample-now", "save-now") since the last call."""
        return taken(self.folder, request)


class LiveContext(Context):
    """The context of a live preview: nothing is told or written, and it ends as soon as it comes too late."""

    def __init__(
        self, workspace: Workspace, request: LiveRequest, overtaken: Callable[[LiveRequest], bool]
    ) -> None:
        run = Run("live", request.kind, "live", dict(request.settings), 0, {}, time.time())
        super().__init__(workspace, run, lambda event: None)
        self._request, self._overtaken = request, overtaken

    def check(self) -> None:
        """Raise `Cancelled` if the preview is not wanted any more."""
        if self._overtaken(self._request):
            raise Cancelled

    def asked(self, request: str) -> bool:
        """Never."""
        return False
