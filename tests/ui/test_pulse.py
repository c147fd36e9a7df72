"""The pulse: sends what has changed, and one piece that fails does not stop the others."""

from __future__ import annotations

from typing import Any

import gradio as gr

from studio.ui.desk import Desk
from studio.ui.pulse import Pulse
from studio.workspace import Workspace


def test_what_has_not_changed_is_not_sent_again(workspace: Workspace) -> None:
    shown = {"text": "one"}
    with gr.Blocks(analytics_enabled=False):
        pulse, piece = Pulse(Desk(workspace)), gr.HTML()
        pulse.show(piece, lambda _: shown["text"])
    first = pulse.beat({pulse.seen: {}})
    assert first[piece]["value"] == "one"
    again = pulse.beat({pulse.seen: first[pulse.seen]})
    assert piece not in again
    shown["text"] = "two"
    assert pulse.beat({pulse.seen: first[pulse.seen]})[piece]["value"] == "two"


def test_a_new_window_is_sent_everything(workspace: Workspace) -> None:
    with gr.Blocks(analytics_enabled=False):
        pulse, piece = Pulse(Desk(workspace)), gr.HTML()
        pulse.show(piece, lambda _: "one")
    for _ in range(2):
        assert pulse.beat({pulse.seen: {}})[piece]["value"] == "one"


def test_a_piece_that_cannot_be_shown_leaves_the_others_alone(workspace: Workspace) -> None:
    def broken(_: Any) -> str:
        raise OSError("gone")

    with gr.Blocks(analytics_enabled=False):
        pulse, bad, good = Pulse(Desk(workspace)), gr.HTML(), gr.HTML()
        pulse.show(bad, broken)
        pulse.show(good, lambda _: "here")
    updates = pulse.beat({pulse.seen: {}})
    assert updates[good]["value"] == "here"
    assert bad not in updates


def test_what_was_not_there_at_first_is_shown_when_it_comes(workspace: Workspace) -> None:
    shown: dict[str, str | None] = {"text": None}
    with gr.Blocks():
        pulse, piece = Pulse(Desk(workspace)), gr.HTML()
        pulse.show(piece, lambda _: shown["text"], at_first=False)
    first = pulse.beat({pulse.seen: {}})
    assert piece not in first
    shown["text"] = "came"
    assert pulse.beat({pulse.seen: first[pulse.seen]})[piece]["value"] == "came"
