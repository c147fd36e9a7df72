"""The worker: a process that takes runs, one after another, and does them."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from studio.errors import Cancelled, InternalFault, Paused, SettingsError, TrainingError, explain
from studio.jobs.context import Context, LiveContext
from studio.jobs.events import Ended, Event, EventLog
from studio.jobs.followers import Following, follows
from studio.jobs.live import Channel, Glimpse, Inbox, LiveRequest
from studio.jobs.processes import this_process
from studio.jobs.queue import Queue
from studio.jobs.requests import clear
from studio.jobs.run import Run
from studio.settings import Settings
from studio.workspace import Workspace

log = logging.getLogger("studio")
BUSY = "The card is busy with another job, so there is no live preview."


class Engine(Protocol):
    """What does the jobs of one kind. It returns the sentence that tells what came of it."""

    def __call__(self, context: Context, settings: Any, /) -> str:
        """Do the run; raises a fault of `studio.errors`, or `Cancelled` after Stop."""


@dataclass(frozen=True)
class Kind:
    """A kind of job: its settings, how to make its engine, and whether it needs a process of its own.

    An engine is made once in a process and kept, so that models stay open from job to job.
    """

    name: str
    settings: type[Settings]
    engine: Callable[[], Engine]
    own_process: bool = False
    cards: Callable[[Mapping[str, Any]], int] = lambda settings: 1
    """On how many cards a run with these settings is done, each by a process of its own."""


class Worker:
    """Does the runs of a workspace with the engines of the given kinds, one at a time on the card."""

    def __init__(
        self,
        workspace: Workspace,
        kinds: Mapping[str, Kind],
        show: Callable[[Glimpse], None] = lambda glimpse: None,
    ) -> None:
        self.workspace, self.kinds, self.queue = workspace, kinds, Queue(workspace)
        self.engines: dict[str, Engine] = {}
        self.show = show

    def attend(self, inbox: Inbox) -> None:
        """Do the runs and the live previews that a page asks for, until it is gone."""
        for asked in inbox:
            if isinstance(asked, LiveRequest):
                self.look(asked, inbox.overtaken)
            else:
                self.serve([asked])

    def serve(self, run_ids: Iterable[str]) -> None:
        """Do the runs as their ids come in, until there are no more; those taken back are skipped."""
        for run_id in run_ids:
            run = self.queue.read(run_id.strip())
            if follows():
                self._do(Following(self.workspace, run))
                continue
            with card(self.workspace):
                if self.queue.holds(run.id):
                    self.work(run)

    def look(self, request: LiveRequest, overtaken: Callable[[LiveRequest], bool]) -> None:
        """Show a live preview, or say why there is none; one that comes too late is not shown."""
        answer = Glimpse(ticket=request.ticket, window=request.window)
        try:
            with card(self.workspace).acquire(timeout=0):
                kind = self.kinds[request.kind]
                context = LiveContext(self.workspace, request, overtaken)
                engine: Any = self._engine(kind.name)
                jpeg = engine.live(context, kind.settings.parse(request.settings))
            self.show(replace(answer, jpeg=jpeg))
        except Timeout:
            self.show(replace(answer, fault=BUSY))
        except Cancelled:
            return
        except Exception as fault:  # nothing may end the worker
            self.show(replace(answer, fault=str(_told(fault))))

    def work(self, run: Run, watch: Callable[[Event], None] | None = None) -> Ended:
        """Do one run; the caller holds the card.

        This is the one place where every exception is caught and explained.
        """
        folder = run.folder(self.workspace)
        events = EventLog(folder)

        def tell(event: Event) -> None:
            events.append(event)
            if watch is not None:
                watch(event)

        with logged_to(folder / "log.txt"):
            tell(this_process())
            try:
                ended = Ended("done", self._do(Context(self.workspace, run, tell, self.show)))
            except Paused:
                ended = Ended("paused", "Paused. Resume goes on from the very next step.")
            except Cancelled:
                ended = Ended("stopped", "Stopped. What was finished is kept.")
            except Exception as fault:  # the job runner: nothing may end the worker
                ended = _failed(_told(fault))
            clear(folder)
            self.queue.remove(run.id)
            tell(ended)  # last of all: whoever reads it may queue the run again
        return ended

    def _do(self, context: Context) -> str:
        kind = context.run.kind
        return self._engine(kind)(context, self.kinds[kind].settings.parse(context.run.settings))

    def _engine(self, kind: str) -> Engine:
        if kind not in self.kinds:
            raise SettingsError(f"There is no kind of job called “{kind}”")
        if kind not in self.engines:
            self.engines[kind] = self.kinds[kind].engine()
        return self.engines[kind]


def _failed(fault: Exception) -> Ended:
    afresh = fault.afresh if isinstance(fault, TrainingError) else None
    return Ended("failed", str(fault), afresh=None if afresh is None else dict(afresh))


def _told(fault: Exception) -> Exception:
    known = explain(fault)
    details = "".join(traceback.format_exception(fault))
    log.log(logging.ERROR if isinstance(known, InternalFault) else logging.INFO, "%s\n%s", known, details)
    return known


def card(workspace: Workspace) -> FileLock:
    """The lock that a job holds while it uses the card, whichever process it runs in."""
    return FileLock(workspace.hidden / "card.lock")


class logged_to:
    """Send the log of this process to a file while the block runs."""

    def __init__(self, path: Path) -> None:
        self.handler = logging.FileHandler(path, encoding="utf-8", delay=True)
        self.handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))

    def __enter__(self) -> None:
        root = logging.getLogger()
        root.addHandler(self.handler)
        if root.level > logging.INFO or root.level == logging.NOTSET:
            root.setLevel(logging.INFO)

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self.handler)
        self.handler.close()


def serve_from_pipe(workspace: Workspace, kinds: Mapping[str, Kind]) -> None:
    """The body of `studio work`: run ids and live requests come in on standard input, a line each.

    When the page goes away the pipe closes: the job in hand is finished, then the process ends.
    """
    Worker(workspace, kinds, Channel().send).attend(Inbox(iter(sys.stdin.readline, "")))
