"""The pulse: one beat that brings every live piece of the page up to what is on disk.

Each piece is a look (values of some fields → what is to be seen). What has not changed since this
window last saw it is not sent. All of it comes from disk, so a reload or a second window shows the
same.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from studio.ui.desk import Desk
from studio.ui.faults import seen_or_none
from studio.ui.widgets import heart

Given = Mapping[Component, Any]
Look = Callable[[Given], Any]


@dataclass(frozen=True)
class Piece:
    """A live piece: the component, the property that is brought up to date, and its look."""

    component: Component
    prop: str
    look: Look
    at_first: bool
    stirs: bool


class Pulse:
    """Collects the looks while the page is built, then drives them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.room = gr.State("")
        """The name of the room that the window has open."""
        self.pieces: list[Piece] = []
        self.inputs: set[Component] = set()
        self.seen = gr.State({})
        self.heart = heart("heart")

    def show(
        self,
        component: Component,
        look: Look,
        *inputs: Component,
        prop: str = "value",
        at_first: bool = True,
        stirs: bool = True,
    ) -> None:
        """Keep `component` at what `look` returns, given the values of the inputs.

        With `at_first` false, what a new window sees first is left as it was built. One that changes even
        when nothing happens does not stir the heart.
        """
        self.pieces.append(Piece(component, prop, look, at_first, stirs))
        self.inputs.update(inputs)

    def start(self, page: gr.Blocks) -> None:
        """Look once when the page is opened, then on every beat."""
        events: dict[str, Any] = {
            "inputs": {self.seen, *self.inputs},
            "outputs": [self.seen, self.heart, *dict.fromkeys(piece.component for piece in self.pieces)],
            "queue": False,
            "show_progress": "hidden",
            "api_visibility": "private",
        }
        page.load(self.beat, **events)
        self.heart.beat(self.beat, **events)

    def beat(self, given: dict[Component, Any]) -> dict[Component, Any]:
        """What has changed since this window last looked."""
        seen = dict(given[self.seen])
        updates: dict[Component, dict[str, Any]] = {}
        stirred = False
        with self.desk.lock:
            self.desk.begin_look()
            for number, piece in enumerate(self.pieces):
                value = seen_or_none(piece.look, given)
                mark, first = _mark(value), number not in seen
                if (value is not None or first) and seen.get(number) != mark:
                    if value is not None and (piece.at_first or not first):
                        updates.setdefault(piece.component, {})[piece.prop] = value
                        stirred |= piece.stirs
                    seen[number] = mark
        if not updates and seen == given[self.seen]:
            return {self.seen: gr.skip()}
        told = {self.heart: str(time.time_ns())} if stirred else {}
        return {self.seen: seen, **told, **{c: gr.update(**props) for c, props in updates.items()}}


def _mark(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=12).hexdigest()
