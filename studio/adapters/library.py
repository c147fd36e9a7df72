"""The library: every adapter in the workspace, known from its header alone."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.lineage import family_of
from studio.adapters.metadata import AdapterFacts
from studio.errors import AdapterError
from studio.workspace import Workspace, writing

VERSION = 1  # of what is remembered; another one is forgotten
PREVIEWS = (".png", ".preview.png", ".jpg", ".preview.jpg", ".jpeg", ".webp", ".preview.webp")


@dataclass(frozen=True)
class Card:
    """An adapter as the library shows it.

    `name` is the path in `loras/` without its ending, `family` the family's name or empty if
    nobody knows; `modified` is in seconds since 1970. A file that cannot be used has a `fault`,
    the sentence that says why.
    """

    name: str
    path: Path
    family: str
    title: str
    trigger: str
    rank: int
    size_bytes: int
    preview: Path | None
    modified: float
    fault: str = ""


def adapters(workspace: Workspace) -> list[Card]:
    """The adapters in `loras/`, newest first, those that cannot be used among them."""
    memory = _Memory(workspace)
    cards = []
    for path in _files(workspace.loras):
        with suppress(FileNotFoundError):  # deleted just now
            cards.append(_card(workspace, path, memory))
    memory.save()
    return sorted(cards, key=lambda card: card.modified, reverse=True)


def find_adapter(workspace: Workspace, name: str) -> Card:
    """The adapter of this name: its path in `loras/`, its file name, or the title it gives itself.

    Raises `AdapterError` with the nearest names if there is none, or with the file's own fault.
    """
    cards = adapters(workspace)
    wanted = name.strip().removesuffix(".safetensors").casefold()
    for called in ([card.name for card in cards], [c.path.stem for c in cards], [c.title for c in cards]):
        for card, each in zip(cards, called, strict=True):
            if each.casefold() == wanted:
                return _usable(card)
    near = difflib.get_close_matches(name, [card.name for card in cards], n=3, cutoff=0.5)
    raise AdapterError(
        f"There is no LoRA called “{name[:80]}”",
        remedy=f"Did you mean “{'” or “'.join(near)}”?" if near else f"Put its file into {workspace.loras}.",
    )


def _usable(card: Card) -> Card:
    if card.fault:
        raise AdapterError(card.fault)
    return card


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.safetensors"):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts) and path.is_file():
            yield path


def _card(workspace: Workspace, path: Path, memory: _Memory) -> Card:
    status = path.stat()
    name = path.relative_to(workspace.loras).with_suffix("").as_posix()
    return Card(
        name=name,
        path=path,
        size_bytes=status.st_size,
        modified=status.st_mtime,
        preview=next((p for end in PREVIEWS if (p := path.with_name(path.stem + end)).is_file()), None),
        **memory.recall(name, path, [status.st_size, status.st_mtime_ns]),
    )


def _look(path: Path) -> dict[str, Any]:
    """What the header tells, as fields of a card."""
    seen = {"family": "", "title": path.stem, "trigger": "", "rank": 0, "fault": ""}
    try:
        header = read_header(path)
        facts = AdapterFacts.from_metadata(header.metadata)
        seen |= {"title": facts.title or path.stem, "trigger": facts.trigger}
        entries = read_entries(path, header)
        seen |= {"family": family_of(facts, entries), "rank": max(entry.rank for entry in entries)}
    except AdapterError as fault:
        seen["fault"] = str(fault)
    return seen


class _Memory:
    """What was seen of each file, kept in the workspace, good for as long as its size and time stay."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.cache / "adapters.json"
        self._known: dict[str, Any] = {}
        self._now: dict[str, Any] = {}
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            self._known = dict(content["files"]) if content["version"] == VERSION else {}
        except (OSError, ValueError, KeyError, TypeError):
            pass  # nothing is remembered yet, or the record is damaged: every file is looked at

    def recall(self, name: str, path: Path, stamp: list[int]) -> dict[str, Any]:
        """What is known of the file, looked up anew if it changed."""
        known = self._known.get(name)
        if not known or known["stamp"] != stamp:
            known = {"stamp": stamp, "seen": _look(path)}
        self._now[name] = known
        seen: dict[str, Any] = known["seen"]
        return seen

    def save(self) -> None:
        """Write it down if anything changed."""
        if self._now != self._known:
            with writing(self._file) as file:
                json.dump({"version": VERSION, "files": self._now}, file, ensure_ascii=False)
