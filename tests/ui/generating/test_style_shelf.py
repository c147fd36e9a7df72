"""Styles in the form: the prompt is kept under a name, told, and put away."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from studio.errors import SettingsError
from studio.generate.prompts.styles import find_styles, in_styles
from studio.ui.desk import Desk
from studio.ui.generating.style_shelf import StyleShelf
from studio.workspace import Workspace


@pytest.fixture
def shelf(workspace: Workspace) -> StyleShelf:
    return StyleShelf(Desk(workspace))


def test_a_prompt_that_is_kept_is_a_style_that_can_be_chosen(shelf: StyleShelf) -> None:
    assert shelf.keep(" My ink ", "an ink drawing of {prompt}", "photo") == ""
    ((_, nothing), (title, name)) = shelf.titles()
    assert (nothing, title) == ("", "My ink")
    found = find_styles(shelf.desk.workspace, name)
    assert in_styles(found, "a fox", "") == ("an ink drawing of a fox", "photo")


def test_words_of_a_style_are_told_as_text(shelf: StyleShelf) -> None:
    shelf.keep("bold", "<b>{prompt}</b>", "")
    assert "&lt;b&gt;{prompt}&lt;/b&gt;" in shelf.told("bold")
    assert shelf.told("no such style") == ""


@pytest.mark.parametrize(("name", "prompt"), [("", "a fox"), ("ink", " ")])
def test_without_a_name_or_words_nothing_is_kept(shelf: StyleShelf, name: str, prompt: str) -> None:
    with pytest.raises(SettingsError):
        shelf.keep(name, prompt, "")
    assert len(shelf.titles()) == 1


def test_a_style_is_put_into_the_bin(shelf: StyleShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    binned: list[str] = []
    monkeypatch.setattr(
        "studio.generate.prompts.styles.send2trash", lambda file: (binned.append(file.name), file.unlink())
    )
    shelf.keep("ink", "ink", "")
    shelf.put_away(SimpleNamespace(_data={"name": "ink"}))  # type: ignore[arg-type]
    assert binned == ["ink.toml"] and len(shelf.titles()) == 1
    with pytest.raises(SettingsError):
        shelf.put_away(SimpleNamespace(_data={"name": "../ink"}))  # type: ignore[arg-type]
