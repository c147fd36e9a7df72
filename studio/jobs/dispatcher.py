"""The dispatcher: hands the waiting runs to worker processes, one run at a time."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from studio.errors import explain
from studio.jobs import processes
from studio.jobs.events import Ended, EventLog
from studio.jobs.live import Glimpse, LiveRequest, Viewer
from studio.jobs.queue import Queue, last_start
from studio.jobs.requests import PAUSE, STOP, clear
from studio.jobs.run import Run
from studio.jobs.worker import BUSY, Kind
from studio.settings import Settings
from studio.workspace import Workspace

log = logging.getLogger("studio.jobs")
TICK = 0.05  # seconds between two looks at the queue
WORKER = (sys.executable, "-m", "studio", "work")
_APART: Any = (  # Ctrl+C ends the page, not the training
    {"creationflags": 0x00000200} if sys.platform == "win32" else {"start_new_session": True}
)


def on_cards(command: Sequence[str], cards: int) -> list[str]:
    """The same worker once for each card, as `accelerate launch` starts it."""
    if cards <= 1:
        return list(command)
    python, *module = command
    launch = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "1")
    plain = ("--mixed_precision", "no", "--dynamo_backend", "no")  # the worker itself decides
    return [python, *launch, "--num_processes", str(cards), *plain, *module]


class Dispatcher:
    """A thread that gives the next run to a worker when the one before has ended.

    Kinds with a process of their own get a fresh one each time, after the shared warm worker
    has been let go of, so that the card's memory is free; the other kinds share the warm one.
    Two pages on one workspace: the first dispatches, the second waits to take over.
    """

    def __init__(
        self, workspace: Workspace, kinds: Mapping[str, Kind], *, command: Sequence[str] = WORKER
    ) -> None:
        self.workspace, self.kinds, self.queue = workspace, kinds, Queue(workspace)
        self._command = command
        self._lock = FileLock(workspace.hidden / "dispatcher.lock")
        self._warm: subprocess.Popen[str] | None = None
        self._hand = threading.RLock()  # held while the warm worker is started, ended or written to
        self._leads = False  # of several pages on one workspace, one dispatches
        self._away = False  # while a job has the card for itself
        self.viewer = Viewer()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Begin to dispatch, in the background."""
        self._thread.start()

    def close(self) -> None:
        """Stop dispatching; the job in hand goes on to its end by itself."""
        self._closing.set()
        self._thread.join(timeout=2)
        if self._warm is not None and self._warm.stdin is not None:
            self._warm.stdin.close()

    def live(self, kind: str, settings: Settings, *, window: str = "") -> int:
        """Ask for a live preview of these settings; of one window, only the latest one is made.

        Returns at once, with the ticket under which `viewer.glimpse` or `viewer.wait` will have it.
        """
        ticket = self.viewer.ticket()
        request = LiveRequest(ticket, kind, settings.model_dump(mode="json"), window)
        try:
            with self._hand:
                if self._away or not self._leads:
                    self.viewer.put(Glimpse(ticket, window=window, fault=BUSY))
                else:
                    self._say(request.to_line())
        except OSError:  # it ended just now; the next request starts another
            self.viewer.put(Glimpse(ticket, window=window, fault=processes.last_words(None)))
        return ticket

    def _run(self) -> None:
        if not self._take_over():
            return
        with self._lock:
            self._leads = True
            self.queue.settle()
            while not self._closing.wait(TICK):
                try:
                    self._step()
                except Exception as fault:  # the dispatcher outlives every fault
                    log.exception("dispatcher: %s", explain(fault))
                    self._closing.wait(1)

    def _take_over(self) -> bool:
        while not self._closing.is_set():
            try:
                self._lock.acquire(timeout=0.5)
                return True
            except Timeout:
                continue
        return False

    def _step(self) -> None:
        run = next(self.queue.waiting(), None)
        if run is None:
            return
        begun = last_start(run.folder(self.workspace))
        if begun is not None:  # before this page was opened: let it come to its end
            if not processes.alive(begun):
                self.queue.settle()
            self._closing.wait(1)
            return
        kind = self.kinds.get(run.kind)
        if kind is None:
            self._give_up(run, f"This version of the studio has no jobs of the kind “{run.kind}”.")
        elif kind.own_process:
            self._let_go()
            self._watch(run, self._spawn([run.id], cards=kind.cards(run.settings)), own=True)
            self._away = False
        else:
            self._watch(run, self._hand_over(run), own=False)

    def _hand_over(self, run: Run) -> subprocess.Popen[str]:
        with self._hand:
            return self._say(run.id + "\n")

    def _say(self, line: str) -> subprocess.Popen[str]:
        """Write a line to the warm worker, which is started if there is none."""
        if self._warm is None or self._warm.poll() is not None:
            self._warm = self._spawn([])
            assert self._warm.stdout is not None
            self.viewer.listen(self._warm.stdout)
        assert self._warm.stdin is not None
        self._warm.stdin.write(line)
        self._warm.stdin.flush()
        return self._warm

    def _spawn(self, run_ids: list[str], *, cards: int = 1) -> subprocess.Popen[str]:
        command = [*on_cards(self._command, cards), "--workspace", str(self.workspace.root), *run_ids]
        with (self.workspace.hidden / "workers.log").open("a", encoding="utf-8") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=output if run_ids else subprocess.PIPE,
                stderr=output,
                text=True,
                cwd=Path(__file__).resolve().parents[2],
                **_APART,
            )

    def _watch(self, run: Run, worker: subprocess.Popen[str], *, own: bool) -> None:
        """Wait until the run has left the queue, or its process has died."""
        marker = self.queue.marker(run.id)
        while marker is not None and marker.exists():
            code = worker.poll()
            if code is not None:
                if marker.exists():
                    self._give_up(run, processes.last_words(code))
                break
            if self._closing.wait(TICK):
                return
        if own and worker.stdin is not None:
            worker.stdin.close()
            worker.wait()

    def _give_up(self, run: Run, message: str) -> None:
        folder = run.folder(self.workspace)
        if last_start(folder) is None:
            EventLog(folder).append(processes.this_process())
        stopped = (folder / STOP).exists() or (folder / PAUSE).exists()
        clear(folder)
        self.queue.remove(run.id)
        told = Ended("stopped", "Ended at once, as you asked. What was saved before is kept.")
        EventLog(folder).append(told if stopped else Ended("died", message))

    def _let_go(self) -> None:
        """End the warm worker, and with it the models it keeps in memory."""
        with self._hand:
            self._away = True
            if self._warm is not None and self._warm.stdin is not None:
                self._warm.stdin.close()
                self._warm.wait()
            self._warm = None
