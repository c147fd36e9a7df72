"""Captions: read, written, taken back, and every word they ever said.

Nothing is lost: each change goes through the journal of the dataset, and whoever writes may say what
the caption is believed to say, so that two pages do not write over one another unawares.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from studio.data.crops import as_before
from studio.data.journal import (
    Change,
    Journal,
    Progress,
    new_change,
    possible,
    standing,
    stem_of,
    turned_back,
)
from studio.data.sidecars import HISTORY, caption_file, decode_caption, read_caption, tidy
from studio.errors import CaptionConflict

__all__ = [
    "HISTORY",
    "Change",
    "Version",
    "author",
    "caption_file",
    "changes",
    "decode_caption",
    "history",
    "next_redo",
    "next_undo",
    "read_caption",
    "redo",
    "restore",
    "undo",
    "write_caption",
    "write_captions",
]

ELSEWHERE = "another program"
EDITORS = ("hand", "doctor")  # who changes many captions in one go, with a note of what was done


@dataclass(frozen=True)
class Version:
    """What a caption said from the time `at` (seconds since 1970) on, who wrote it and in what change."""

    text: str
    by: str
    at: float
    note: str = ""


def write_caption(
    picture: Path, text: str, *, by: str, expected: str | None = None, note: str = "", group: str = ""
) -> None:
    """Give a picture its caption; the words before go into the history.

    `by` says who wrote it: "hand", or the name of a captioner. `expected` is what the writer
    believes the caption to say. Changes of one `group` that follow one another (all of one job) are
    taken back together. Whole or not at all, also after a power cut. Raises `CaptionConflict`,
    `DiskFull`, or a fault that names the file which could not be written.
    """
    believed = None if expected is None else {picture: expected}
    write_captions({picture: text}, by=by, note=note, expected=believed, group=group)


def write_captions(
    texts: Mapping[Path, str],
    *,
    by: str,
    note: str,
    expected: Mapping[Path, str] | None = None,
    group: str = "",
    progress: Progress | None = None,
) -> Change:
    """Give many pictures of one folder their captions; all of them or, if that fails, none.

    `note` says what was done ("Replace “cat” by “dog”"). What comes back holds the captions that
    really changed. Raises as `write_caption` does.
    """
    files = {caption_file(picture): picture for picture in texts}  # two pictures may share one
    if not files:
        return new_change([], by=by, note=note)
    (folder,) = {file.parent for file in files}
    journal = Journal(folder)
    with journal.locked(next(iter(files))):
        edits = []
        for picture in files.values():
            before, after = read_caption(picture), tidy(texts[picture])
            if after != before:
                _refuse_surprise(picture, before, (expected or {}).get(picture))
                edits.append((picture.name, before, after))
        made = tuple(
            name for name, before, _ in edits if not before and not caption_file(folder / name).exists()
        )
        change = new_change(edits, by=by, note=note, group=group, made=made)
        if edits:
            journal.commit(change, progress)
    return change


def _refuse_surprise(picture: Path, present: str, expected: str | None) -> None:
    if expected is not None and present != tidy(expected):
        raise CaptionConflict(
            f"The caption of {picture.name} was changed meanwhile",
            why="Another window or program wrote it",
            remedy="Look at what it says now, then save again.",
            present=present,
        )


def undo(folder: Path, progress: Progress | None = None) -> Change | None:
    """Take back the newest change that still stands; None when there is nothing left to take back.

    Captions that say something else by now, and files that are gone or whose place is taken, are left
    alone and named in the change's `kept`; its `moves` are those that were made.
    """
    return _turn(folder, "undo", progress)


def redo(folder: Path, progress: Progress | None = None) -> Change | None:
    """Make the change again that was taken back last; None when there is none, as after a new change."""
    return _turn(folder, "redo", progress)


def next_undo(folder: Path) -> Change | None:
    """What `undo` would take back."""
    return next(reversed(standing(Journal(folder).changes())[0]), None)


def next_redo(folder: Path) -> Change | None:
    """What `redo` would make again."""
    return next(reversed(standing(Journal(folder).changes())[1]), None)


def changes(folder: Path) -> list[Change]:
    """All that was ever done to the captions in a folder, newest first, undoing and redoing among it."""
    return Journal(folder).changes()[::-1]


def history(picture: Path) -> list[Version]:
    """The versions of a picture's caption, oldest first; words that another program wrote are among them."""
    versions: list[Version] = []
    stem = stem_of(picture.name)
    for change in Journal(picture.parent).changes():
        for name, before, after in change.pictures:
            if stem_of(name) != stem:
                continue
            if before != (versions[-1].text if versions else ""):
                versions.append(Version(before, ELSEWHERE, change.at))
            versions.append(Version(after, change.by, change.at, change.note))
    return versions


def author(picture: Path) -> str:
    """Who wrote what the caption says: "hand", a captioner, "import", `ELSEWHERE`; "" where it says nothing.

    Editing many at once makes nobody an author: the words are those of whoever wrote them before.
    """
    authors, last = {"": ""}, ""
    for version in history(picture):
        edited = version.note and version.by in EDITORS
        authors.setdefault(version.text, authors[last] if edited else version.by)
        last = version.text
    return authors.get(read_caption(picture), ELSEWHERE)


def restore(picture: Path, version: Version) -> None:
    """Let the caption say again what it said in this version; that is a new version itself."""
    write_caption(picture, version.text, by=version.by, note="Restore an earlier version")


def _turn(folder: Path, kind: Literal["undo", "redo"], progress: Progress | None) -> Change | None:
    journal = Journal(folder)
    with journal.locked():
        done, undone = standing(journal.changes())
        turned = done if kind == "undo" else undone
        if not turned:
            return None
        change = turned[-1]
        wanted = turned_back(change) if kind == "undo" else change
        edits = [edit for edit in wanted.pictures if _says(folder / edit[0], edit[1])]
        moves, crops = possible(folder, wanted.moves), as_before(folder, wanted.crops)
        kept = tuple(edit[0] for edit in wanted.pictures if edit not in edits)
        kept += tuple(edit[0] for edit in wanted.crops if edit not in crops)
        kept += tuple(Path(move[0]).name for move in wanted.moves if move not in moves)
        again = new_change(
            edits,
            by=change.by,
            note=change.note,
            kind=kind,
            kept=kept,
            made=change.made,
            moves=moves,
            crops=crops,
        )
        journal.commit(again, progress)
        return replace(change, kept=kept, moves=moves)


def _says(picture: Path, text: str) -> bool:
    return picture.exists() and read_caption(picture) == text
