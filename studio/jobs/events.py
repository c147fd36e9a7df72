"""Events: what a job tells, line by line, in a file that is the record."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal

Outcome = Literal["done", "stopped", "paused", "failed", "died"]


@dataclass(frozen=True)
class Started:
    """A process took the job; `born` is the process's own start time, so that a reused pid is noticed."""

    kind: ClassVar[str] = "started"
    pid: int
    born: float
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Progress:
    """Step `step` of `total` is done; `values` are figures worth plotting."""

    kind: ClassVar[str] = "progress"
    step: int
    total: int
    message: str = ""
    values: dict[str, float] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Artifact:
    """Something was made: a "sample", "checkpoint", "lora", "picture", "caption" or a "note"."""

    kind: ClassVar[str] = "artifact"
    what: str
    path: str
    facts: dict[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


@dataclass(frozen=True)
class Ended:
    """The job is over; `message` says it in a sentence for the person.

    `afresh`, unless None: going on would end alike, so start anew, with these settings otherwise.
    """

    kind: ClassVar[str] = "ended"
    outcome: Outcome
    message: str = ""
    at: float = field(default_factory=time.time)
    afresh: dict[str, Any] | None = None


Event = Started | Progress | Artifact | Ended
_KINDS: dict[str, type[Event]] = {cls.kind: cls for cls in (Started, Progress, Artifact, Ended)}


class EventLog:
    """The events of one job, appended to `events.jsonl`, each in one write so that none is torn."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"

    def append(self, event: Event) -> None:
        """Add one event at the end."""
        line = json.dumps({"kind": event.kind, **asdict(event)}, ensure_ascii=False) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def since(self, offset: int = 0) -> tuple[list[Event], int]:
        """The events from byte `offset` on, and the offset after them; a torn last line waits."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return list(_parse(whole)), offset + len(whole)


def _parse(data: bytes) -> Iterator[Event]:
    for line in data.splitlines():
        try:
            told = json.loads(line)
            cls = _KINDS[told.pop("kind")]
            known = {each.name for each in fields(cls)}  # a newer version of the studio may tell more
            yield cls(**{name: value for name, value in told.items() if name in known})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # a line torn by a power cut is followed by whole ones
