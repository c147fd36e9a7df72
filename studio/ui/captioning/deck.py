"""The deck: a dataset as the page sees it, kept up to date by a thread of its own.

Every change of a card gets a new revision, so that a window is sent only what it has not seen. The
thread lives as long as somebody looks.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.data.captions import read_caption
from studio.data.crops import crops
from studio.data.filters import Subject
from studio.data.pictures import probe, thumbnail
from studio.data.sizes import Sizes
from studio.errors import DatasetError, PictureError
from studio.ui.captioning.listing import NONE, Files, Stamp, list_files
from studio.ui.faults import seen_or_none
from studio.workspace import Workspace

SIDE = 384  # pixels of a thumbnail
ATTENTION = 8.0  # seconds after the last look for which the thread goes on
PAUSE = 0.6  # seconds between two looks at the folder
SHARE = 0.25  # seconds for which pictures are looked at, and then thumbnails made, by turns


@dataclass(frozen=True)
class Card:
    """A picture on the board. `fault` says why it cannot be used; `small` is its thumbnail's file name."""

    name: str
    caption: str
    size: tuple[int, int]
    stamps: tuple[Stamp, Stamp]
    fault: str = ""
    small: str | None = None
    tokens: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    crop: bool = False
    mask: bool = False
    revision: int = 0

    @property
    def subject(self) -> Subject:
        """What a filter may ask."""
        return Subject(self.name, self.caption, self.size, max(self.tokens, default=0), self.problems)


class Deck:
    """The cards of one folder. `helpers` are called in the thread at each of its rounds, with the deck."""

    def __init__(self, folder: Path, workspace: Workspace, helpers: Sequence[Any] = ()) -> None:
        self.folder, self.workspace, self.helpers = folder, workspace, helpers
        self.lock = threading.RLock()
        self.epoch, self.revision, self.ordered = secrets.token_hex(4), 0, 0
        self.cards: dict[str, Card] = {}
        self.meta: dict[str, tuple[int, Any]] = {}
        self.content = 0
        """Counts the changes of pictures and words; not those of what is only known about them."""
        self._files = Files({}, frozenset())
        self._parts: tuple[Files, Any] = self._files, None
        self._order_told: list[str] = []
        self._wanted: list[str] = []
        self._looked = 0.0
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def mark(self) -> str:
        """Changes whenever there is something to send."""
        return f"{self.epoch}.{self.revision}"

    def attend(self) -> None:
        """Somebody looks: let the thread run on."""
        self._looked = time.monotonic()
        with self.lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._live, name=f"deck {self.folder.name}", daemon=True
                )
                self._thread.start()

    def hurry(self, wanted: Iterable[str] = ()) -> None:
        """Look at once; the thumbnails of these pictures are made first."""
        self._wanted = [*wanted] or self._wanted
        self._wake.set()

    def tell(self, name: str, value: Any) -> None:
        """Let the windows know something of the dataset as a whole."""
        with self.lock:
            if name not in self.meta or self.meta[name][1] != value:
                self.revision += 1
                self.meta[name] = (self.revision, value)

    def change(self, name: str, **facts: Any) -> None:
        """Change what is known of a picture."""
        with self.lock:
            card = self.cards.get(name)
            if card is not None and any(getattr(card, key) != value for key, value in facts.items()):
                self._put(replace(card, **facts))

    def since(self, epoch: str, revision: int) -> dict[str, Any]:
        """What a window that knows this much has to be told."""
        with self.lock:
            known = revision if epoch == self.epoch else -1
            told: dict[str, Any] = {
                "epoch": self.epoch,
                "revision": self.revision,
                "cards": [_row(card) for card in self.cards.values() if card.revision > known],
                "meta": {name: value for name, (at, value) in self.meta.items() if at > known},
            }
            if self.ordered > known:
                told["order"] = list(self.cards)
        return told

    def refresh(self) -> None:
        """Bring the cards up to what lies in the folder now."""
        try:
            files = list_files(self.folder)
        except DatasetError as fault:
            self.tell("fault", str(fault))
            return
        self.tell("fault", "")
        changed = [
            name for name, stamps in files.pictures.items() if self._files.pictures.get(name) != stamps
        ]
        gone = [name for name in self._files.pictures if name not in files.pictures]
        sizes = None if self._files.pictures else Sizes(self.folder)
        told = time.monotonic()
        for name in changed:
            self._read(name, files, sizes)
            if time.monotonic() - told > SHARE:
                self._order(files)
                self._thumbnails()
                told = time.monotonic()
        self._order(files)
        if sizes is not None:
            sizes.keep()
        self.content += bool(changed or gone)
        self._files = files
        self._mark_parts(files)
        self.tell("listed", True)

    def _order(self, files: Files) -> None:
        with self.lock:
            order = {name: self.cards[name] for name in files.pictures if name in self.cards}
            if list(order) != self._order_told:
                self.cards, self._order_told = order, list(order)
                self.revision += 1
                self.ordered = self.revision

    def _live(self) -> None:
        while time.monotonic() - self._looked < ATTENTION:
            seen_or_none(self.refresh)
            for helper in self.helpers:
                seen_or_none(helper, self)
            if not seen_or_none(self._thumbnails):
                self._wake.wait(PAUSE)
            self._wake.clear()

    def _read(self, name: str, files: Files, sizes: Sizes | None) -> None:
        path, stamps = self.folder / name, files.pictures[name]
        known = self.cards.get(name)
        fresh = known is None or known.stamps[0] != stamps[0]
        facts: dict[str, Any] = {"stamps": stamps, "fault": ""}
        try:
            if fresh:
                facts["size"] = sizes.of(path) if sizes else probe(path)
            facts["caption"] = read_caption(path) if stamps[1] != NONE else ""
        except PictureError as fault:
            facts |= {"fault": str(fault), "small": ""}
        with self.lock:
            card = Card(name, "", (0, 0), stamps) if fresh else self.cards[name]
            self._put(replace(card, **facts))

    def _put(self, card: Card) -> None:
        self.revision += 1
        self.cards[card.name] = replace(card, revision=self.revision)

    def _mark_parts(self, files: Files) -> None:
        cropped = crops(self.folder)
        if (files, cropped) == self._parts:
            return
        self._parts = files, cropped
        for name in files.pictures:
            self.change(name, mask=Path(name).stem in files.masked, crop=name in cropped)

    def _thumbnails(self) -> bool:
        """Make some; True when there are more to make."""
        until = time.monotonic() + SHARE
        waiting = [
            name
            for name in (*self._wanted, *self.cards)
            if name in self.cards and self.cards[name].small is None
        ]
        for name in dict.fromkeys(waiting):
            if time.monotonic() > until or self._wake.is_set():
                return True
            try:
                small = thumbnail(self.folder / name, self.workspace.cache, SIDE).name
            except PictureError as fault:
                self.change(name, small="", fault=str(fault))
            else:
                self.change(name, small=small)
        return False


def _row(card: Card) -> dict[str, Any]:
    """A card as the window gets it."""
    return {
        "name": card.name,
        "caption": card.caption,
        "size": card.size,
        "small": card.small,
        "tokens": card.tokens,
        "problems": card.problems,
        "fault": card.fault,
        "crop": card.crop,
        "mask": card.mask,
    }
