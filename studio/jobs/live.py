"""The live channel: pictures too short-lived for the record, straight from the warm worker over its pipe.

The page asks for a live preview with a line on the worker's standard input; of the requests of one
window only the latest counts. The worker answers, and shows pictures while they are painted, with lines
on its standard output. Nothing of it is kept.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import IO, Any

KEPT = 32  # glimpses that the page keeps


@dataclass(frozen=True)
class LiveRequest:
    """A preview that a window wants; `settings` are plain values."""

    ticket: int
    kind: str
    settings: Mapping[str, Any]
    window: str = ""

    def to_line(self) -> str:
        """As it goes over the pipe."""
        return json.dumps({"live": asdict(self)}) + "\n"


@dataclass(frozen=True)
class Glimpse:
    """A picture (JPEG) of the moment: of a live request by its `ticket`, or of a running job by its `run`.

    A live request that failed has the sentence `fault` instead. `number` counts glimpses as they reach
    the page.
    """

    ticket: int = 0
    run: str = ""
    step: int = 0
    steps: int = 0
    jpeg: bytes = b""
    fault: str = ""
    window: str = ""
    number: int = 0

    def to_line(self) -> str:
        """As it goes over the pipe."""
        return json.dumps({**asdict(self), "jpeg": b64encode(self.jpeg).decode()}) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Glimpse:
        """Raises `ValueError` or `TypeError` for a line that is none."""
        fields = json.loads(line)
        return cls(**{**fields, "jpeg": b64decode(fields["jpeg"])})


class Channel:
    """The worker's end: glimpses go out on what was its standard output; whatever prints goes to the log."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, glimpse: Glimpse) -> None:
        """Send it, unless the page is gone."""
        with suppress(OSError):
            self._out.write(glimpse.to_line())
            self._out.flush()


class Inbox:
    """What the page asks a worker for, read ahead so that a preview that is too late is noticed at once."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._runs: deque[str] = deque()
        self._wanted: dict[str, LiveRequest] = {}
        self._closed = False
        self._news = threading.Condition()
        threading.Thread(target=self._read, name="inbox", daemon=True).start()

    def __iter__(self) -> Iterator[str | LiveRequest]:
        """Ids of runs as they come, and live requests when there are none; ends when the page is gone."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._runs or self._wanted or self._closed)
                if self._runs:
                    asked: str | LiveRequest = self._runs.popleft()
                elif self._wanted:
                    asked = self._wanted.pop(next(iter(self._wanted)))
                else:
                    return
            yield asked

    def overtaken(self, request: LiveRequest) -> bool:
        """Whether its window wants another preview by now, or a job waits."""
        with self._news:
            return bool(self._runs) or request.window in self._wanted

    def _read(self) -> None:
        for line in self._lines:
            with self._news:
                if line.startswith("{"):
                    request = LiveRequest(**json.loads(line)["live"])
                    self._wanted[request.window] = request
                elif line.strip():
                    self._runs.append(line.strip())
                self._news.notify_all()
        with self._news:
            self._closed = True
            self._news.notify_all()


class Viewer:
    """The page's end: tickets for live requests, and the latest glimpses."""

    def __init__(self) -> None:
        self._kept: deque[Glimpse] = deque(maxlen=KEPT)
        self._tickets, self._numbers = itertools.count(1), itertools.count(1)
        self._news = threading.Condition()

    def ticket(self) -> int:
        """A new one."""
        return next(self._tickets)

    def put(self, glimpse: Glimpse) -> None:
        """Keep a glimpse and wake those that wait for one."""
        with self._news:
            self._kept.append(replace(glimpse, number=next(self._numbers)))
            self._news.notify_all()

    def listen(self, lines: IO[str]) -> None:
        """Take what a worker sends, in the background, until it ends."""

        def read() -> None:
            for line in lines:
                try:
                    self.put(Glimpse.from_line(line))
                except (ValueError, TypeError, KeyError):
                    sys.stderr.write(line)  # not of ours

        threading.Thread(target=read, name="glimpses", daemon=True).start()

    def glimpse(self, ticket: int) -> Glimpse | None:
        """What came of a live request; None as long as nothing has, or if a later one took its place."""
        with self._news:
            return next((each for each in reversed(self._kept) if each.ticket == ticket), None)

    def of_run(self, run_id: str) -> Glimpse | None:
        """The latest glimpse of a running job."""
        with self._news:
            return next((each for each in reversed(self._kept) if each.run == run_id), None)

    def wait(self, after: int = 0, timeout: float = 10.0) -> Glimpse | None:
        """The latest glimpse, as soon as its number is more than `after`; None when the time is over."""

        def newer() -> bool:
            return bool(self._kept) and self._kept[-1].number > after

        with self._news:
            return self._kept[-1] if self._news.wait_for(newer, timeout) else None
