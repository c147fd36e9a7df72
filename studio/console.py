"""The console: a job's events drawn in a terminal, and the exit code that tells the truth."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from filelock import Timeout
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from studio.errors import Cancelled, StudioError
from studio.jobs.events import Artifact, Ended, Event
from studio.jobs.events import Progress as Step
from studio.jobs.run import Run
from studio.jobs.worker import Worker, card
from studio.workspace import Workspace

console = Console(highlight=False)
OF_MACHINE = ("seconds", "memory")  # figures for the page's curves, too many for a line
EXIT = {"done": 0, "failed": StudioError.exit_code} | dict.fromkeys(
    ("stopped", "paused"), Cancelled.exit_code
)


def do(worker: Worker, run: Run) -> Ended:
    """Do a run here and now, with a progress bar; Ctrl+C asks it to stop at its next step."""
    folder = run.folder(worker.workspace)
    with _card(worker.workspace), _bar() as bar, _stopping(folder):
        screen = Screen(bar, run.title)
        ended = worker.work(run, watch=screen.show)
    style = {"done": "green", "stopped": "yellow"}.get(ended.outcome, "red")
    console.print(f"[{style}]{escape(ended.message)}[/]")
    if ended.outcome == "failed":
        console.print(f"[dim]The log: {escape(str(folder / 'log.txt'))}[/]")
    return ended


class Screen:
    """Draws the events of one job."""

    def __init__(self, bar: Progress, title: str) -> None:
        self.bar = bar
        self.task: TaskID = bar.add_task(escape(title), total=None, figures="")

    def show(self, event: Event) -> None:
        """Move the bar on, or print what was made."""
        if isinstance(event, Step):
            told = escape(event.message) or None
            self.bar.update(
                self.task, completed=event.step, total=event.total, figures=_figures(event.values)
            )
            if told:
                self.bar.update(self.task, description=told)
        elif isinstance(event, Artifact):
            line = _line(event)
            if line:
                self.bar.console.print(escape(line))


def _line(made: Artifact) -> str:
    facts: Mapping[str, Any] = made.facts
    if made.what == "caption":
        return f"  {Path(made.path).name}: {facts.get('caption', '')}"
    if made.what == "check":
        return f"  {facts.get('sentence', '')}"
    if made.what == "note":
        return f"  {facts.get('text', '')}"
    if made.what in ("picture", "lora"):
        return f"  {made.path}"
    return ""


def _figures(values: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in values.items() if name not in OF_MACHINE)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("[dim]{task.fields[figures]}"),
        console=console,
    )


@contextmanager
def _card(workspace: Workspace) -> Iterator[None]:
    lock = card(workspace)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        console.print("Another job is using the card; this one starts when it has ended.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _stopping(folder: Path) -> Iterator[None]:
    """The first Ctrl+C stops at the next step; the second ends the process at once."""

    def ask(_signal: int, _frame: FrameType | None) -> None:
        request = folder / "stop"
        if request.exists():
            raise KeyboardInterrupt
        request.touch()
        console.print("Stopping at the next step. Press Ctrl+C again to end at once.")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
