"""The journal of a dataset: each change of its captions, pictures, crops or masks is whole or is not.

A change goes to the disk three times: into `pending.json`, then into the captions, then into the
history; then `pending.json` goes. Whoever finds one that was left behind by a crash finishes it.
"""

from __future__ import annotations

import json
import os
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from filelock import FileLock

from studio.data.crops import CropEdit, put_crops
from studio.data.lines import Growing, append_line, read_lines
from studio.data.sidecars import HISTORY, caption_file, explained, put_caption, read_caption
from studio.errors import StudioError
from studio.workspace import writing

WRITERS = 8  # threads: each waits for the disk most of the time
PAUSE = 10.0  # seconds after which somebody who goes on has begun something new

Progress = Callable[[int, int], object]
"""Called with (done, all)."""

Edit = tuple[str, str, str]
"""The file name of a picture, its caption before and its caption after."""

Value = TypeVar("Value")

Move = tuple[str, str]
"""From where to where a file was moved, in the folder of the dataset."""


@dataclass(frozen=True)
class Change:
    """What was done to a dataset in one go, by whom ("hand", a captioner …) and when (seconds since 1970).

    Changes of one `group` that follow one another are taken back together. `kept` names the
    pictures that were left alone because their captions said something else by then, `made` those that
    had no caption file before: taken back, they have none again. `moves` are the files, of
    pictures that were taken out or of masks, in the order in which they were moved.
    """

    id: str
    note: str
    by: str
    at: float
    pictures: tuple[Edit, ...]
    kept: tuple[str, ...] = ()
    group: str = ""
    kind: Literal["edit", "undo", "redo"] = "edit"
    made: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    crops: tuple[CropEdit, ...] = ()


def new_change(edits: Sequence[Edit], *, by: str, note: str = "", **more: Any) -> Change:
    """A change that happens now."""
    return Change(secrets.token_hex(8), note, by, time.time(), tuple(edits), **more)


def going_on(folder: Path, who: str) -> str:
    """The group of what somebody does: the one before, where they go on with it without a longer pause."""
    last = next(reversed(Journal(folder).changes()), None)
    if last and last.kind == "edit" and time.time() - last.at < PAUSE and last.group.startswith(f"{who} "):
        return last.group
    return f"{who} {secrets.token_hex(4)}"


class Journal:
    """The changes of the captions in one folder, kept in a hidden folder of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / HISTORY / "captions.jsonl"
        self._pending = folder / HISTORY / "pending.json"

    @contextmanager
    def locked(self, file: Path | None = None) -> Iterator[None]:
        """Nobody else writes captions here as long as this runs; what a crash left behind is finished first.

        `file` is the one to name when that is not possible.
        """
        with explained(file or self.folder):
            self._log.parent.mkdir(exist_ok=True)
            lock = FileLock(self._log.with_name("lock"))
            lock.acquire()
        try:
            self._finish()
            yield
        finally:
            lock.release()

    def recover(self) -> None:
        """Finish a change that was broken off; without one, nothing is touched."""
        if self._pending.exists():
            with self.locked():
                pass

    def changes(self) -> list[Change]:
        """All changes, oldest first."""
        return _history(self._log).records()

    def commit(self, change: Change, progress: Progress | None = None) -> None:
        """Make a change; the caller holds the lock. Whatever is raised, all is as before then."""
        first = caption_file(self.folder / change.pictures[0][0]) if change.pictures else self._log
        with explained(first), writing(self._pending) as file:
            json.dump(asdict(change), file, ensure_ascii=False)
        try:
            self._apply(change, progress)
            with explained(first):
                append_line(self._log, asdict(change))
        except BaseException:  # also when `progress` was stopped
            self._take_back(change)
            raise
        with suppress(OSError):  # whoever comes next finds nothing left to do and removes it
            self._pending.unlink()

    def _take_back(self, change: Change) -> None:
        """Undo half a change; where not even that can be written, it waits for `_finish`."""
        with suppress(StudioError, OSError):
            self._apply(turned_back(change))
            self._pending.unlink()

    def _finish(self) -> None:
        for record in read_lines(self._pending):
            change = _change(record)
            self._apply(change)
            if change.id not in {known.id for known in self.changes()}:
                with explained(self._log):
                    append_line(self._log, record)
        self._pending.unlink(missing_ok=True)

    def _apply(self, change: Change, progress: Progress | None = None) -> None:
        """Write the captions that still say what they said before; several at once, as disks like it."""
        empty_is_none = frozenset(change.made)

        def apply(edit: Edit) -> None:
            name, before, after = edit
            if read_caption(self.folder / name) == before:
                put_caption(self.folder / name, after if after or name not in empty_is_none else None)

        with ThreadPoolExecutor(WRITERS) as pool:
            for done, _ in enumerate(pool.map(apply, change.pictures), 1):
                if progress is not None:
                    progress(done, len(change.pictures))
        for move in change.moves:
            self._move(*move)
        with explained(self.folder):
            put_crops(self.folder, change.crops)

    def _move(self, source: str, target: str) -> None:
        """Move a file, unless that is done or something else lies there."""
        if possible(self.folder, [(source, target)]):
            with explained(self.folder / source):
                (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / source).rename(self.folder / target)


def possible(folder: Path, moves: Sequence[Move]) -> tuple[Move, ...]:
    """The moves whose file is there, and whose place is free, when those before them are made."""
    there: dict[str, bool] = {}
    made = []
    for source, target in moves:
        is_there, taken = (there.get(one, os.path.lexists(folder / one)) for one in (source, target))
        if is_there and not taken:
            there[source], there[target] = False, True
            made.append((source, target))
    return tuple(made)


def turned_back(change: Change) -> Change:
    """The way back from a change."""
    return replace(
        change,
        pictures=tuple((name, after, before) for name, before, after in change.pictures),
        moves=tuple((target, source) for source, target in reversed(change.moves)),
        crops=tuple((name, after, before) for name, before, after in change.crops),
    )


@lru_cache(maxsize=32)
def _history(log: Path) -> Growing[Change]:
    return Growing(log, _change)


def standing(changes: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """What can be undone and what can be redone, the next of each at the end of its list."""
    done: list[Change] = []
    undone: list[Change] = []
    for change in changes:
        if change.kind == "undo":
            undone += [done.pop()] if done else []
        elif change.kind == "redo":
            done += [undone.pop()] if undone else []
        else:
            undone.clear()
            if done and change.group and change.group == done[-1].group:
                change = _together(done.pop(), change)
            done.append(change)
    return done, undone


@lru_cache(maxsize=20_000)
def stem_of(name: str) -> str:
    """What a picture shares with its caption, the same however the file system spells it."""
    return unicodedata.normalize("NFC", Path(name).stem)


def _together(one: Change, other: Change) -> Change:
    """Two changes of a group as one: each picture from what it was first to what it was last."""
    return replace(
        other,
        pictures=_joined(one.pictures, other.pictures),
        crops=_joined(one.crops, other.crops),
        made=one.made + other.made,
        moves=one.moves + other.moves,
    )


def _joined(
    earlier: Sequence[tuple[str, Value, Value]], later: Sequence[tuple[str, Value, Value]]
) -> tuple[tuple[str, Value, Value], ...]:
    edits = {edit[0]: edit for edit in earlier}
    for name, before, after in later:
        edits[name] = (name, edits[name][1] if name in edits else before, after)
    return tuple(edits.values())


def _change(record: dict[str, Any]) -> Change:
    if "picture" in record:  # as the first version of the studio wrote it
        edit = (f"{record['picture']}.txt", record["before"], record["text"])
        return Change("", "", record["by"], record["at"], (edit,))
    edits = tuple((name, before, after) for name, before, after in record["pictures"])
    lists = {name: tuple(record.get(name, ())) for name in ("kept", "made")}
    moves = tuple((source, target) for source, target in record.get("moves", ()))
    crops = tuple((name, _sides(before), _sides(after)) for name, before, after in record.get("crops", ()))
    return Change(**{**record, **lists, "pictures": edits, "moves": moves, "crops": crops})


def _sides(listed: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if listed is None else tuple(listed)
