"""The doctor of a deck: looks by itself after changes, in a thread of its own, and is heard on the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, astuple
from pathlib import Path
from typing import Any

from studio.data.dataset import open_dataset
from studio.data.doctor import Finding, Report
from studio.data.doctor.examination import examine
from studio.data.doctor.findings import told
from studio.data.doctor.likeness import without_features
from studio.data.pictures import thumbnail
from studio.data.removal import put_aside
from studio.errors import DatasetError, PictureError
from studio.models.facts import known_facts
from studio.ui.captioning.aim import Aim, read_aim
from studio.ui.captioning.deck import SIDE, Deck
from studio.ui.faults import seen_or_none

SETTLED = 1.2  # seconds without a change after which it looks
SHOWN = 300  # pictures that are named with a finding


class Doctor:
    """Called at each round of a deck's thread."""

    def __init__(self) -> None:
        self._examined: object = None
        self._changed: tuple[object, float] = (None, 0.0)
        self._thread: threading.Thread | None = None
        self._waited: Callable[[], bool] | None = None
        self._compared = False

    def __call__(self, deck: Deck) -> None:
        """Begin to look when something has changed and then stayed so for a moment."""
        if self._waited is not None and self._waited():
            self._waited, self._compared = None, True
            self.again()
        aim = read_aim(deck.workspace, deck.folder)
        state = (deck.content, aim, known_facts(aim.base, deck.workspace))
        if state != self._changed[0]:
            self._changed = (state, time.monotonic())
        settled = self._examined is None or time.monotonic() - self._changed[1] > SETTLED
        busy = self._thread is not None and self._thread.is_alive()
        if state == self._examined or busy or not settled or not deck.cards:
            return
        self._examined = state
        look = (self._look, deck, aim, self._compared)
        self._compared = False
        self._thread = threading.Thread(target=seen_or_none, args=look, daemon=True)
        self._thread.start()

    def wait_for(self, ended: Callable[[], bool]) -> None:
        """Look again when a job that measures the pictures has ended."""
        self._waited = ended

    def again(self) -> None:
        """Look again, although nothing has changed that a deck can see."""
        self._examined = None

    def _look(self, deck: Deck, aim: Aim, compared: bool) -> None:
        deck.tell("examining", [0, len(deck.cards)])
        before = _extras(deck)
        try:
            report = examine(
                open_dataset(deck.folder),
                workspace=deck.workspace,
                base=known_facts(aim.base, deck.workspace),
                trigger=aim.trigger,
                progress=lambda done, total: deck.tell("examining", [done, total]),
            )
        except DatasetError as fault:
            deck.tell("report", {"verdict": str(fault), "ready": False, "findings": []})
        else:
            _show(deck, report)
        finally:
            deck.tell("examining", None)
            deck.tell("aside", _aside(deck))
            unseen = without_features([deck.folder / name for name in list(deck.cards)], deck.workspace)
            deck.tell("unseen", len(unseen))
            if compared:
                deck.tell("comparing", {"told": _compared(len(unseen), _extras(deck) - before)})


def _show(deck: Deck, report: Report) -> None:
    problems: dict[str, list[str]] = {}
    for finding in report.findings:
        for path in finding.pictures:
            problems.setdefault(path.name, []).append(finding.check)
    for name in list(deck.cards):
        deck.change(name, problems=tuple(dict.fromkeys(problems.get(name, ()))))
    findings = [_row(finding) for finding in report.findings]
    verdict = {"verdict": report.verdict, "state": report.state, "ready": report.ready}
    deck.tell("report", {**verdict, "findings": findings})


def _extras(deck: Deck) -> int:
    """How many near-duplicates the last look has found."""
    _, report = deck.meta.get("report", (0, {"findings": []}))
    groups = [one["groups"] for one in report["findings"] if one["check"] == "duplicates"]
    return sum(len(group) - 1 for found in groups for group in found)


def _compared(unseen: int, more: int) -> str:
    """What came of comparing the pictures."""
    if unseen:
        return "The comparing ended before all pictures were seen."
    return (
        told(more, "{n} more near-duplicate{s} {were} found.")
        if more > 0
        else "No more near-duplicates were found."
    )


def _aside(deck: Deck) -> list[tuple[str, str]]:
    """The pictures that were taken out, with the file names of their thumbnails."""
    return [(name, _small(picture, deck)) for name, picture in put_aside(deck.folder)]


def _small(picture: Path, deck: Deck) -> str:
    try:
        return thumbnail(picture, deck.workspace.cache, SIDE).name
    except PictureError:
        return ""


def _row(finding: Finding) -> dict[str, Any]:
    """A finding as the window gets it."""
    return {
        "check": finding.check,
        "title": finding.title,
        "sentence": finding.sentence,
        "serious": finding.serious,
        "count": len(finding.pictures),
        "pictures": [path.name for path in finding.pictures[:SHOWN]],
        "groups": [[path.name for path in group] for group in finding.groups[:SHOWN]],
        "notes": dict(finding.notes),
        "mends": [asdict(mend) for mend in finding.mends],
        "crops": {name: astuple(crop) for name, crop in finding.crops.items()},
    }
