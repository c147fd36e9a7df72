"""Tokens: how long each caption is to the text encoders of the base that it is meant for."""

from __future__ import annotations

from typing import Any

from studio.models.facts import known_facts
from studio.models.tokens import TokenCounter
from studio.ui.captioning.aim import read_aim
from studio.ui.captioning.deck import Deck
from studio.workspace import Workspace

TITLES = {
    "text_encoder": "Text encoder",
    "text_encoder_2": "Second encoder",
    "text_encoder_3": "Third encoder",
}
SHARE = 500  # captions between two looks at the folder


class TokenHelper:
    """Counts the captions of a deck that have changed."""

    def __init__(self) -> None:
        self._counters: tuple[TokenCounter, ...] | None = None
        self._counted: dict[str, str] = {}

    def __call__(self, deck: Deck) -> None:
        """One round."""
        base = read_aim(deck.workspace, deck.folder).base
        counting = known_counters(base, deck.workspace)
        if counting != self._counters:
            self._counters, self._counted = counting, {}
            deck.tell("encoders", encoders(base, deck.workspace))
        cards = [card for card in list(deck.cards.values()) if self._counted.get(card.name) != card.caption]
        columns = [counter.counts([card.caption for card in cards[:SHARE]]) for counter in counting]
        for place, card in enumerate(cards[:SHARE]):
            self._counted[card.name] = card.caption
            deck.change(card.name, tokens=tuple(column[place] for column in columns))


def known_counters(base: str, workspace: Workspace) -> tuple[TokenCounter, ...]:
    """The counters of a base; none where nothing is known of it (not downloaded, not there)."""
    facts = known_facts(base, workspace)
    return facts.counters if facts else ()


def encoders(base: str, workspace: Workspace) -> list[dict[str, Any]]:
    """The text encoders, as the page shows them."""
    found = known_counters(base, workspace)
    one = len(found) == 1
    return [
        {"title": "Tokens" if one else TITLES.get(counter.name, counter.name), "limit": counter.limit}
        for counter in found
    ]


def measure(text: str, base: str, workspace: Workspace) -> dict[str, Any]:
    """The tokens of a text, and the end of it that the shortest encoder does not read."""
    found = known_counters(base, workspace)
    tokens = [counter.count(text) for counter in found]
    over = [c for c, count in zip(found, tokens, strict=True) if count > c.limit]
    unread = "".join(over[0].pieces(text)[over[0].limit :]).strip() if over else ""
    return {"tokens": tokens, "unread": unread}
