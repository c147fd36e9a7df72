"""The journal of a dataset: each change of its captions or pictures, of one or of many, is whole or is not.

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
from typing import Any, Literal

from filelock import FileLock

from studio.data.lines import Growing, append_line, read_lines
from studio.data.sidecars import caption_file, explained, put_caption, read_caption
from studio.errors import StudioError
from studio.workspace import writing

HISTORY = ".history"
WRITERS = 8  # threads: each waits for the disk most of the time

Progress = Callable[[int, int], object]
"""Called with (done, all)."""

Edit = tuple[str, str, str]
"""The file name of a picture, its caption before and its caption after."""

Move = tuple[str, str]
"""From where to where a file was moved, in the folder of the dataset."""


@dataclass(frozen=True)
class Change:
    """What was done to a dataset in one go, by whom ("hand", a captioner …) and when (seconds since 1970).

    Changes of one `group` that follow one another are taken back together. `kept` names the
    pictures that were left alone because their captions said something else by then, `made` those that
    had no caption file before: taken back, they have none again. `moves` are the files of pictures that
    were taken out or brought back.
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


def new_change(edits: Sequence[Edit], *, by: str, note: str = "", **more: Any) -> Change:
    """A change that happens now."""
    return Change(secrets.token_hex(8), note, by, time.time(), tuple(edits), **more)


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

    def _move(self, source: str, target: str) -> None:
        """Move a file, unless that is done or something else lies there."""
        if can_move(self.folder, (source, target)):
            with explained(self.folder / source):
                (self.folder / target).parent.mkdir(parents=True, exist_ok=True)
                (self.folder / source).rename(self.folder / target)


def can_move(folder: Path, move: Move) -> bool:
    """Whether a file is where it would be moved from, and nothing where it would be moved to."""
    source, target = move
    return os.path.lexists(folder / source) and not os.path.lexists(folder / target)


def turned_back(change: Change) -> Change:
    """The way back from a change."""
    return replace(
        change,
        pictures=tuple((name, after, before) for name, before, after in change.pictures),
        moves=tuple((target, source) for source, target in change.moves),
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
    """Two changes of a group as one: each picture from its first words to its last."""
    edits = {name: (name, before, after) for name, before, after in one.pictures}
    for name, before, after in other.pictures:
        edits[name] = (name, edits[name][1] if name in edits else before, after)
    return replace(other, pictures=tuple(edits.values()), made=one.made + other.made)


def _change(record: dict[str, Any]) -> Change:
    if "picture" in record:  # as the first version of the studio wrote it
        edit = (f"{record['picture']}.txt", record["before"], record["text"])
        return Change("", "", record["by"], record["at"], (edit,))
    edits = tuple((name, before, after) for name, before, after in record["pictures"])
    lists = {name: tuple(record.get(name, ())) for name in ("kept", "made")}
    moves = tuple((source, target) for source, target in record.get("moves", ()))
    return Change(**{**record, **lists, "pictures": edits, "moves": moves})
