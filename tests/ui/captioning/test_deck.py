"""The deck: a window is told what is new, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data.captions import write_caption
from studio.data.masks import write_mask
from studio.models import facts
from studio.ui.captioning.aim import Aim, read_aim, write_aim
from studio.ui.captioning.deck import Deck
from studio.ui.captioning.tokens import TokenHelper, measure
from studio.ui.captioning.words import TurnHelper
from studio.workspace import ASSETS, Workspace


def news(deck: Deck, revision: int = -1) -> list[str]:
    """The names of the cards that a window at this revision is sent."""
    return [card["name"] for card in deck.since(deck.epoch, revision)["cards"]]


def test_a_new_window_is_sent_all_and_the_next_look_nothing(deck: Deck) -> None:
    told = deck.since("", -1)
    assert told["order"] == ["one.png", "ten.jpg", "two.png"]
    assert {card["name"]: card["caption"] for card in told["cards"]}["two.png"] == "a fox, teal"
    again = deck.since(told["epoch"], told["revision"])
    assert (again["cards"], again["meta"], "order" in again) == ([], {}, False)


def test_a_caption_that_changes_anywhere_is_sent_alone(deck: Deck, folder: Path) -> None:
    seen = deck.revision
    write_caption(folder / "two.png", "a teapot after all", by="hand")
    deck.refresh()
    assert news(deck, seen) == ["two.png"]
    assert deck.cards["two.png"].caption == "a teapot after all"


def test_pictures_that_come_and_go_are_noticed(deck: Deck, folder: Path) -> None:
    seen = deck.revision
    (folder / "one.png").unlink()
    Image.new("RGB", (32, 32)).save(folder / "three.png")
    deck.refresh()
    assert deck.since(deck.epoch, seen)["order"] == ["ten.jpg", "three.png", "two.png"]
    assert news(deck, seen) == ["three.png"]


def test_a_damaged_picture_is_on_the_board_with_its_fault(deck: Deck, folder: Path) -> None:
    (folder / "words.png").write_text("no picture")
    deck.refresh()
    assert "words.png is not a picture" in deck.cards["words.png"].fault


def test_thumbnails_come_by_and_by_those_in_view_first(deck: Deck) -> None:
    deck.hurry(["two.png"])
    deck._wake.clear()
    while deck._thumbnails():
        pass
    assert all(card.small for card in deck.cards.values())
    assert min(deck.cards.values(), key=lambda card: card.revision).name == "two.png"


def test_a_folder_that_is_gone_is_told_and_comes_back(deck: Deck, folder: Path) -> None:
    elsewhere = folder.rename(folder.with_name("moved"))
    deck.refresh()
    assert "cannot be read" in deck.meta["fault"][1]
    elsewhere.rename(folder)
    deck.refresh()
    assert deck.meta["fault"][1] == ""


def test_a_mask_is_seen_on_its_card(deck: Deck, folder: Path) -> None:
    write_mask(folder / "one.png", Image.new("L", (64, 48), 255))
    deck.refresh()
    assert deck.cards["one.png"].mask
    assert list(deck.cards) == ["one.png", "ten.jpg", "two.png"]


def test_tokens_are_counted_for_the_base_that_was_chosen(deck: Deck) -> None:
    TokenHelper()(deck)
    assert deck.meta["encoders"][1][0]["limit"] == 75
    assert all(len(card.tokens) == 1 and card.tokens[0] >= 4 for card in deck.cards.values())


def test_the_words_beyond_the_encoder_are_named(workspace: Workspace) -> None:
    told = measure("fox " * 75 + "teapot", "pocket", workspace)
    assert told["tokens"] == [76]
    assert told["unread"] == "teapot"
    assert measure("a fox", "nowhere.safetensors", workspace) == {"tokens": [], "unread": ""}


def test_what_can_be_undone_is_told(deck: Deck, folder: Path) -> None:
    helper = TurnHelper()
    write_caption(folder / "one.png", "x", by="hand", note="Replace “a” by “x”")
    helper(deck)
    assert deck.meta["turns"][1] == {"undo": "Replace “a” by “x”", "redo": ""}


def test_the_aim_of_a_dataset_is_remembered(workspace: Workspace, folder: Path) -> None:
    assert read_aim(workspace, folder) == Aim()
    write_aim(workspace, folder, Aim("sdxl.safetensors", " zwx ", "fox", "#00ff00"))
    assert read_aim(workspace, folder) == Aim("sdxl.safetensors", "zwx", "fox", "#00ff00")


def test_a_base_that_is_added_later_is_seen(
    deck: Deck, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts, "FRESH", 1e-9)
    write_aim(workspace, deck.folder, Aim("late"))
    helper = TokenHelper()
    helper(deck)
    assert deck.meta["encoders"][1] == []
    (workspace.models / "late").symlink_to(ASSETS / "pocket", target_is_directory=True)
    helper(deck)
    assert deck.meta["encoders"][1][0]["limit"] == 75
    assert all(card.tokens for card in deck.cards.values())
