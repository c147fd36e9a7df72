"""A small dataset, and a deck of it whose thread does not run: the tests turn it by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.ui.captioning.deck import Deck
from studio.workspace import Workspace

COLOURS = {"one.png": "orange", "two.png": "teal", "ten.jpg": "purple"}


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    folder = workspace.datasets / "fox"
    folder.mkdir()
    for name, colour in COLOURS.items():
        Image.new("RGB", (64, 48), colour).save(folder / name)
        (folder / name).with_suffix(".txt").write_text(f"a fox, {colour}")
    return folder


@pytest.fixture
def deck(folder: Path, workspace: Workspace) -> Deck:
    deck = Deck(folder, workspace)
    deck.refresh()
    return deck
