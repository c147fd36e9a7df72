"""The library: every adapter in the workspace and in added folders, known from its header alone."""

from __future__ import annotations

import difflib
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio.adapters.beside_file import Beside, known_beside
from studio.adapters.entries import read_entries
from studio.adapters.header import read_header
from studio.adapters.library_memory import Memory, Notes, extra_folders
from studio.adapters.lineage import family_of
from studio.adapters.metadata import AdapterFacts
from studio.adapters.reading import kinds_in
from studio.errors import AdapterError
from studio.workspace import Workspace

SOMETIMES = 1.0  # seconds
PREVIEWS = (".png", ".preview.png", ".jpg", ".preview.jpg", ".jpeg", ".webp", ".preview.webp")


@dataclass(frozen=True)
class Card:
    """An adapter as the library shows it.

    `name` is the path in `loras/`, or the added folder's name and the path in it, without its ending;
    `family` the family's name or empty if nobody knows; `modified` is in seconds since 1970. A file
    that cannot be used has a `fault`, the sentence that says why. `weight` is the recommended one,
    `last_weight` the one used last; both None where nobody said. `own` is False in folders of other
    programs, which are only read.
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
    kind: str = ""
    tags: tuple[str, ...] = ()
    weight: float | None = None
    last_weight: float | None = None
    favourite: bool = False
    note: str = ""
    about: str = ""
    own: bool = True


def adapters(workspace: Workspace, watch: Callable[[list[Card]], None] | None = None) -> list[Card]:
    """All adapters, newest first, those that cannot be used among them.

    `watch` is given those that are known so far, now and then, while many files are seen for the first time.
    """
    memory, notes = Memory(workspace), Notes(workspace)
    cards: list[Card] = []
    told = time.monotonic()
    for root in (workspace.loras, *extra_folders(workspace)):
        with suppress(OSError):  # a folder of another program may be gone, or on a drive that is
            for card in _cards(workspace, root, memory, notes):
                cards.append(card)
                if watch and time.monotonic() - told > SOMETIMES:
                    watch(_newest(cards))
                    memory.save(keep_all=True)
                    told = time.monotonic()
    memory.save()
    return _newest(cards)


def _newest(cards: Iterable[Card]) -> list[Card]:
    return sorted(_told_apart(cards), key=lambda card: card.modified, reverse=True)


def _told_apart(cards: Iterable[Card]) -> list[Card]:
    """Cards of one title, such as the checkpoints of one training, are called by their names."""
    known = list(cards)
    often = Counter(card.title for card in known)
    return [card if often[card.title] == 1 else replace(card, title=card.name) for card in known]


def find_adapter(workspace: Workspace, name: str) -> Card:
    """The adapter of this name: its path in `loras/`, its file name, or the title it gives itself.

    Raises `AdapterError` with the nearest names if there is none, or with the file's own fault.
    """
    return find_adapters(workspace, [name])[0]


def find_adapters(workspace: Workspace, names: Iterable[str]) -> list[Card]:
    """The adapters of these names, with one look at the folders; raises like `find_adapter`."""
    cards = adapters(workspace)
    return [_named(cards, name, workspace) for name in names]


def _named(cards: Sequence[Card], name: str, workspace: Workspace) -> Card:
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


def search(
    cards: Iterable[Card], text: str = "", *, family: str = "", favourites: bool = False
) -> list[Card]:
    """Those in whose name, title, trigger word, tags or note every word of the text occurs.

    With a family, those for it and those of which nobody knows the family.
    """
    words = text.casefold().split()

    def keeps(card: Card) -> bool:
        told = " ".join((card.name, card.title, card.trigger, *card.tags, card.note)).casefold()
        fits = not family or card.family in ("", family)
        return fits and (card.favourite or not favourites) and all(word in told for word in words)

    return [card for card in cards if keeps(card)]


def companions(path: Path) -> list[Path]:
    """What lies beside an adapter and belongs to it: its pictures, and what programs wrote about it."""
    stem = path.name.removesuffix(path.suffix)
    beside = (path.with_name(stem + end) for end in (*PREVIEWS, ".json", ".civitai.info", ".txt"))
    return [file for file in beside if file.is_file()]


def duplicates(workspace: Workspace, cards: Iterable[Card]) -> list[tuple[Card, ...]]:
    """Adapters whose tensors are the same bytes, whatever their names and metadata; hashes are remembered."""
    memory = Memory(workspace)
    by_size: defaultdict[int, list[Card]] = defaultdict(list)
    for card in cards:
        if not card.fault:
            by_size[memory.data_bytes(card.path)].append(card)
    found: defaultdict[str, list[Card]] = defaultdict(list)
    for alike in by_size.values():
        for card in alike if len(alike) > 1 else ():
            found[memory.data_hash(card.path)].append(card)
    memory.save(keep_all=True)
    return [tuple(same) for same in found.values() if len(same) > 1]


def _usable(card: Card) -> Card:
    if card.fault:
        raise AdapterError(card.fault)
    return card


@dataclass
class _Folder:
    """The files of one folder, listed once: adapters, and what lies beside them."""

    adapters: list[os.DirEntry[str]] = field(default_factory=list)
    beside: dict[str, os.DirEntry[str]] = field(default_factory=dict)


def _folders(root: Path) -> Iterator[_Folder]:
    """Each folder below `root`; hidden ones are left out, links to folders are not followed."""
    found, inner = _Folder(), []
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                inner.append(Path(entry.path))
            elif entry.name.lower().endswith(".safetensors"):
                found.adapters.append(entry)
            else:
                found.beside[entry.name] = entry
    yield found
    for folder in inner:
        with suppress(OSError):
            yield from _folders(folder)


def _cards(workspace: Workspace, root: Path, memory: Memory, notes: Notes) -> Iterator[Card]:
    own = root == workspace.loras
    for folder in _folders(root):
        for entry in folder.adapters:
            with suppress(FileNotFoundError):  # deleted just now
                path = Path(entry.path)
                name = path.relative_to(root).with_suffix("").as_posix()
                yield _card(name if own else f"{root.name}/{name}", entry, folder, memory, notes)


def _card(name: str, entry: os.DirEntry[str], folder: _Folder, memory: Memory, notes: Notes) -> Card:
    status, path = entry.stat(), Path(entry.path)
    stem = path.name.removesuffix(path.suffix)
    seen = dict(memory.recall(str(path), status, lambda: _look(path)))
    beside: Beside = known_beside(stem, folder.beside, memory)
    preview = next((folder.beside[stem + end].path for end in PREVIEWS if stem + end in folder.beside), None)
    seen["trigger"] = seen["trigger"] or beside.trigger
    seen["title"] = seen["title"] if seen["title"] != path.stem else beside.title or path.stem
    seen["tags"] = (*seen["tags"], *beside.tags)
    seen["family"] = seen["family"] or beside.family
    return Card(
        name=name,
        path=path,
        size_bytes=status.st_size,
        modified=status.st_mtime,
        preview=Path(preview) if preview else None,
        **seen,
        about=beside.about,
        own=not notes.foreign(path),
        **{"weight": beside.weight, **notes.of(path)},
    )


def _look(path: Path) -> dict[str, Any]:
    """What the header tells, as fields of a card."""
    seen = {"family": "", "title": path.stem, "trigger": "", "rank": 0, "fault": "", "kind": "", "tags": ()}
    try:
        header = read_header(path)
        facts = AdapterFacts.from_metadata(header.metadata)
        seen |= {"title": facts.title or path.stem, "trigger": facts.trigger, "tags": facts.tags}
        entries = read_entries(path, header)
        seen |= {"family": family_of(facts, entries), "rank": max(entry.rank for entry in entries)}
        seen["kind"] = kinds_in(entries)
    except AdapterError as fault:
        seen["fault"] = str(fault)
    return seen
