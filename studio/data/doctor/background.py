"""An examination in the background: the page stays quick, and looks when it is done."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from studio.data.dataset import open_dataset
from studio.data.doctor.examination import examine
from studio.data.doctor.findings import Report
from studio.errors import Cancelled, StudioError
from studio.models.facts import base_facts
from studio.workspace import Workspace

PATIENCE = 10  # how far a thread steps back behind others, as `nice` counts


class Examination:
    """One examination of a dataset's folder, in a thread of low priority; `start` it, then look at it."""

    def __init__(self, workspace: Workspace, folder: Path, *, base: str = "", trigger: str = "") -> None:
        self.workspace, self.folder, self.base, self.trigger = workspace, folder, base, trigger
        self.done, self.total = 0, 0
        self.report: Report | None = None
        self.fault: StudioError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="doctor", daemon=True)

    def start(self) -> None:
        """Begin; `report` or `fault` is there when `running` is over, neither of them if it was stopped."""
        self._thread.start()

    def stop(self) -> None:
        """Let it go at the next picture; what was measured is kept."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it is over."""
        self._thread.join(seconds)

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive()

    def _run(self) -> None:
        _step_back()
        try:
            base = base_facts(self.base, self.workspace) if self.base else None
            self.report = examine(
                open_dataset(self.folder),
                workspace=self.workspace,
                base=base,
                trigger=self.trigger,
                progress=self._progress,
            )
        except StudioError as fault:
            self.fault = fault
        except Cancelled:
            pass

    def _progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self._stop.is_set():
            raise Cancelled


def _step_back() -> None:
    """Give this thread a low priority, where a system lets a single thread have one."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PATIENCE)
