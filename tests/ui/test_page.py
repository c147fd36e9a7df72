"""The page as a whole: built without torch, closed to the outside, kind when something fails."""

from __future__ import annotations

import json
import re
import socket
from contextlib import ExitStack

import gradio as gr
import pytest
from PIL import Image

from studio.errors import InternalFault, PictureError, StudioError
from studio.ui import faults, theme
from studio.ui.app import build
from studio.ui.guide import Guide
from studio.ui.serving import free_port, on_free_port
from studio.workspace import Workspace
from tests.conftest import Run

BUILD = """
import sys, pathlib
from studio.workspace import Workspace
from studio.ui.app import build
build(Workspace.open({folder!r}))
print(sorted({{"torch", "diffusers", "transformers", "peft"}} & set(sys.modules)))
"""


def test_building_the_page_does_not_import_torch(python: Run, workspace: Workspace) -> None:
    told = python(BUILD.format(folder=str(workspace.root)))
    assert told.stdout.splitlines()[-1:] == ["[]"], told.stderr


def test_the_page_offers_no_programming_interface(workspace: Workspace) -> None:
    events = build(workspace).fns.values()
    assert events
    assert {event.api_visibility for event in events} == {"private"}


def test_every_event_that_may_tell_a_fault_is_queued(workspace: Workspace) -> None:
    events = build(workspace).fns.values()
    kind = {event for event in events if hasattr(event.fn, "__wrapped__")}
    assert len(kind) > 20
    assert [event.name for event in kind if not event.queue] == []


def test_the_page_names_no_address_outside() -> None:
    assert not re.findall(r"https?://(?!www\.w3\.org/)[\w.]+|@import", theme.css() + theme.head())
    assert not [font for font in theme.Studio()._font if isinstance(font, gr.themes.GoogleFont)]


def test_a_fault_with_a_name_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda text, **_: told.append(text))

    @faults.kindly
    def fails() -> None:
        raise PictureError("<b>.png is damaged")

    fails()
    assert told == ["&lt;b&gt;.png is damaged."]


def test_an_unknown_fault_is_told_without_its_details(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = faults.answering(lambda _: json.loads("{"))({})
    assert "Something went wrong inside the studio" in answer["fault"]
    assert "Expecting" not in answer["fault"]
    assert isinstance(faults.explain(ValueError("x")), InternalFault)


def test_a_port_that_is_taken_is_told_and_otherwise_the_next_is_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(StudioError, match="in use"):
            free_port(taken.getsockname()[1])
    assert 7860 <= free_port() < 7960


def test_of_two_studios_opened_at_once_each_finds_a_port() -> None:
    tried: list[int] = []

    with ExitStack() as other:

        def start(port: int) -> None:
            tried.append(port)
            if len(tried) == 1:
                quicker = other.enter_context(socket.socket())
                quicker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a closed one may linger there
                quicker.bind(("127.0.0.1", port))
                quicker.listen()
                raise OSError("the other one was quicker")

        on_free_port(None, start)
    assert tried[1] > tried[0]


def test_a_fault_that_is_not_about_the_port_is_told_as_what_it_is() -> None:
    def start(port: int) -> None:
        raise FileNotFoundError("closeup.js is missing")

    with pytest.raises(FileNotFoundError, match="closeup"):
        on_free_port(None, start)


def test_the_guided_path_knows_from_disk_how_far_it_is(workspace: Workspace) -> None:
    guide = _guide(workspace)
    assert guide.done() == [False] * 4
    guide._import(_samples()[0])
    for picture in (workspace.datasets / _samples()[0].dataset).glob("*.png"):
        picture.with_suffix(".txt").write_text("a fox")
    (workspace.loras / f"{_samples()[0].values['name']}.safetensors").touch()
    assert guide.done() == [True, True, False, False]


def test_the_tour_folds_away_once_there_are_pictures_of_one_s_own(workspace: Workspace) -> None:
    guide = _guide(workspace)
    guide._import(_samples()[0])
    assert not guide.own() and "Bring in the sample pictures" in guide._html({guide.memory: {}})
    own = workspace.datasets / "my cat"
    own.mkdir()
    Image.new("RGB", (8, 8)).save(own / "cat.png")
    assert guide.own() and guide.done_with_any() == [False] * 4
    (own / "cat.txt").write_text("a cat")
    assert guide.done_with_any() == [True, False, False, False]
    folded = guide._html({guide.memory: {"hidden": False}})
    assert "Bring in the sample pictures" not in folded and "unfold" in folded
    assert "Bring in the sample pictures" in guide._html({guide.memory: {"open": True}})


def _guide(workspace: Workspace) -> Guide:
    from studio.ui.desk import Desk
    from studio.ui.pulse import Pulse

    desk = Desk(workspace)
    with gr.Blocks(analytics_enabled=False):
        return Guide(desk, Pulse(desk))


def _samples() -> tuple:
    from studio.demo import STYLE, SUBJECT

    return SUBJECT, STYLE
