"""Requests to a running job: empty files in its run's folder, taken at the next step boundary."""

from __future__ import annotations

from pathlib import Path

STOP, PAUSE = "stop", "pause"
SAMPLE_NOW, SAVE_NOW = "sample-now", "save-now"
ALL = (STOP, PAUSE, SAMPLE_NOW, SAVE_NOW)


def ask(folder: Path, request: str) -> None:
    """Leave a request in a run's folder."""
    (folder / request).touch()


def taken(folder: Path, request: str) -> bool:
    """Whether the request was there; it is not afterwards."""
    try:
        (folder / request).unlink()
    except FileNotFoundError:
        return False
    return True


def pending(folder: Path) -> frozenset[str]:
    """What was asked and is not taken yet."""
    return frozenset(request for request in ALL if (folder / request).exists())


def clear(folder: Path) -> None:
    """Take the requests to end away, for it has ended; a sample that was asked for comes when it goes on."""
    for request in (STOP, PAUSE):
        (folder / request).unlink(missing_ok=True)
