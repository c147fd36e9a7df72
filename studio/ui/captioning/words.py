"""Words: saving, comparing and taking back captions, one by one and many at once, for the workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from studio.caption.settings import CAPTIONERS
from studio.data import captions, editing
from studio.data.comparison import compare
from studio.data.dataset import Picture
from studio.data.journal import going_on
from studio.data.removal import moved_pictures
from studio.errors import CaptionConflict, StudioError
from studio.ui.captioning.deck import Deck

OPERATIONS: dict[str, type[editing.Operation]] = {
    one.__name__: one
    for one in (
        editing.AddTrigger,
        editing.RemoveTrigger,
        editing.Prefix,
        editing.Suffix,
        editing.Replace,
        editing.RemoveTag,
        editing.RenameTag,
        editing.MoveTagFirst,
        editing.SortTags,
        editing.DedupeTags,
    )
}
PREVIEWED = 40  # captions that a preview shows in full
JOINT = " + "  # between the names of captioners whose words were joined
WRITERS = {"hand": "by hand", "import": "came with the picture"}


def save(picture: Path, text: str, *, expected: str, window: str, earlier: bool = False) -> dict[str, Any]:
    """Write what was typed; or say what the caption says instead, if it was changed meanwhile.

    What one window types without a longer pause is one change; an `earlier` version is one by itself.
    """
    group = "" if earlier else going_on(picture.parent, f"hand {window} {picture.name}")
    note = f"Earlier words of {picture.name}" if earlier else ""
    try:
        captions.write_caption(picture, text, by="hand", expected=expected, note=note, group=group)
    except CaptionConflict as fault:
        return {"conflict": fault.present}
    return {"caption": captions.read_caption(picture)}


def versions(picture: Path) -> list[dict[str, Any]]:
    """What the caption said before, newest first, each text once, and what has become of its words."""
    present = captions.read_caption(picture)
    seen, found = {present}, []
    for version in reversed(captions.history(picture)):
        if version.text not in seen:
            seen.add(version.text)
            found.append(
                {
                    "text": version.text,
                    "by": writer(version.by),
                    "at": version.at,
                    "note": version.note,
                    "way": way(version.text, present),
                }
            )
    return found


def way(before: str, after: str) -> list[tuple[str, str]]:
    """The way from one text to another, for the page to show."""
    return [(segment.kind, segment.text) for segment in compare(before, after)]


def operation(name: str, values: Mapping[str, Any]) -> editing.Operation:
    """The operation that the page asks for; raises `StudioError` for one that cannot be done."""
    kind = OPERATIONS.get(name)
    if kind is None:
        raise StudioError(f"There is no operation called “{name}”")
    known = {field.name for field in fields(kind)}
    return kind(**{key: value for key, value in values.items() if key in known})


def preview(deck: Deck, wanted: editing.Operation, names: Sequence[str]) -> dict[str, Any]:
    """What an operation would do to these pictures."""
    seen = editing.preview(wanted, _pictures(deck, names))
    return {
        "title": wanted.title,
        "hits": seen.hits,
        "count": len(seen.changes),
        "changes": [(one.path.name, way(before, after)) for one, before, after in seen.changes[:PREVIEWED]],
    }


def apply(deck: Deck, wanted: editing.Operation, names: Sequence[str]) -> tuple[str, int]:
    """Do it, as one change that is taken back whole: what is told of it, and how many captions changed.

    Raises `CaptionConflict` if one was edited meanwhile.
    """
    seen = editing.preview(wanted, _pictures(deck, names))
    texts = {picture.path: after for picture, _, after in seen.changes}
    expected = {picture.path: before for picture, before, _ in seen.changes}
    change = captions.write_captions(texts, by="hand", note=wanted.title, expected=expected)
    changed = len(change.pictures)
    return f"{wanted.title}: {pictures(changed)} changed.", changed


def turn(deck: Deck, kind: str) -> str:
    """Undo or redo, and say what was done."""
    change = captions.undo(deck.folder) if kind == "undo" else captions.redo(deck.folder)
    if change is None:
        return "There is nothing left to take back." if kind == "undo" else "There is nothing to do again."
    done = "Taken back" if kind == "undo" else "Done again"
    if change.note and not change.pictures:
        return f"{done}: {title(change)}. {_moved(change)}".strip()
    told = f"{done}: {title(change)} ({pictures(len(change.pictures) - len(change.kept))})."
    gone = [name for name in change.kept if not (deck.folder / name).exists()]
    if len(change.kept) > len(gone):
        told += (
            f" {pictures(len(change.kept) - len(gone))} said something else by now and stayed as they are."
        )
    if gone:
        told += f" {pictures(len(gone))} {'is' if len(gone) == 1 else 'are'} no longer in the dataset."
    return told


def _moved(change: captions.Change) -> str:
    """What became of pictures that were taken out or brought back."""
    back = any("/" not in target for _, target in change.moves)
    parts = []
    if count := len(moved_pictures(change)):
        where = "back, with captions and masks as before" if back else "out of the dataset again"
        parts.append(f"{pictures(count)} {'is' if count == 1 else 'are'} {where}.")
    if change.kept:
        names = ", ".join(change.kept[:3]) + (" …" if len(change.kept) > 3 else "")
        parts.append(f"Not moved: {names}, because it is in the bin, or its name is taken by now.")
    return " ".join(parts)


def title(change: captions.Change) -> str:
    """A change in a few words."""
    if change.note:
        return change.note
    return (
        f"Typed in {change.pictures[0][0]}"
        if change.by == "hand" and change.pictures
        else f"Captions {WRITERS.get(change.by) or 'by ' + writer(change.by)}"
    )


def writer(by: str) -> str:
    """Who wrote a caption, in words: the captioners by their titles."""
    parts = [CAPTIONERS.get(name).title if name in CAPTIONERS.names() else name for name in by.split(JOINT)]
    return WRITERS.get(by) or " and ".join(parts)


def pictures(count: int) -> str:
    """So many pictures, in words."""
    return "1 picture" if count == 1 else f"{count} pictures"


def _pictures(deck: Deck, names: Sequence[str]) -> list[Picture]:
    """The pictures as their files say now; a window may be behind."""
    paths = [deck.folder / name for name in names if name in deck.cards]
    return [Picture(path, captions.read_caption(path), deck.cards[path.name].size) for path in paths]


class TurnHelper:
    """Tells the windows what can be undone and redone, when the history has changed."""

    def __init__(self) -> None:
        self._seen: object = None

    def __call__(self, deck: Deck) -> None:
        """One round."""
        try:
            status = (deck.folder / captions.HISTORY / "captions.jsonl").stat()
        except OSError:
            return
        if (status.st_mtime_ns, status.st_size) != self._seen:
            self._seen = (status.st_mtime_ns, status.st_size)
            nexts = {"undo": captions.next_undo(deck.folder), "redo": captions.next_redo(deck.folder)}
            deck.tell("turns", {kind: title(change) if change else "" for kind, change in nexts.items()})
