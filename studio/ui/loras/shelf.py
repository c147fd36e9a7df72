"""The shelf: the library as the windows of the LoRAs room see it; each is sent only what it has not seen."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from studio.adapters.library import Card
from studio.ui.library import Library, family_title
from studio.ui.markup import size_in_words

TAGS = 12  # of those that a card tells
Row = dict[str, Any]


class Shelf:
    """One for each server."""

    def __init__(self, library: Library) -> None:
        self.library, self.lock = library, threading.Lock()
        self.epoch, self.revision, self.ordered = secrets.token_hex(4), 0, 0
        self._cards: list[Card] = []
        self._rows: dict[str, tuple[int, Row]] = {}

    @property
    def mark(self) -> str:
        """Changes whenever there is something to send."""
        self._refresh()
        return f"{self.epoch}.{self.revision}.{int(self.library.busy)}"

    def since(self, epoch: str, revision: int) -> dict[str, Any]:
        """What a window that knows this much has to be told."""
        self._refresh()
        with self.lock:
            known = revision if epoch == self.epoch else -1
            told: dict[str, Any] = {
                "epoch": self.epoch,
                "revision": self.revision,
                "busy": self.library.busy,
                "cards": [row for at, row in self._rows.values() if at > known],
            }
            if self.ordered > known:
                told["order"] = list(self._rows)
        return told

    def card(self, name: str) -> Card | None:
        """The card of this name."""
        self._refresh()
        return next((card for card in self._cards if card.name == name), None)

    def _refresh(self) -> None:
        cards = self.library.cards()
        if cards is self._cards:
            return
        with self.lock:
            before, order = self._rows, list(self._rows)
            self._rows = {}
            revision = self.revision + 1
            for card in cards:
                row = row_of(card)
                known = before.get(card.name)
                self._rows[card.name] = known if known and known[1] == row else (revision, row)
            self._cards, self.revision = cards, revision
            if list(self._rows) != order:
                self.ordered = revision


def row_of(card: Card) -> Row:
    """A card as a window gets it."""
    told = (card.name, card.title, card.trigger, *card.tags, card.note)
    return {
        "name": card.name,
        "title": card.title or card.name,
        "family": card.family,
        "base": family_title(card.family) if card.family else "",
        "trigger": card.trigger,
        "kind": card.kind,
        "rank": card.rank,
        "size": size_in_words(card.size_bytes),
        "modified": card.modified,
        "picture": int(card.preview.stat().st_mtime) if card.preview and card.preview.exists() else 0,
        "tags": card.tags[:TAGS],
        "favourite": card.favourite,
        "note": card.note,
        "about": card.about,
        "weight": card.weight,
        "last": card.last_weight,
        "own": card.own,
        "fault": card.fault,
        "words": " ".join(told).casefold(),
    }
