"""The LoRAs room behind the page: what a window is sent, receipts in words, clashes, old files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from studio.adapters.library_memory import add_folder
from studio.errors import AdapterError
from studio.ui.desk import Desk
from studio.ui.generating.servant import servant
from studio.ui.library import Library, take_adapters
from studio.ui.loras.arrivals import Arrivals
from studio.ui.loras.clash import Weight, clash_html, weighed
from studio.ui.loras.receipts import Receipts
from studio.ui.loras.servant import Librarian
from studio.ui.loras.shelf import Shelf
from studio.workspace import Workspace
from tests.ui.test_library import write_lora


@pytest.fixture
def shelf(workspace: Workspace) -> Shelf:
    for name in ("fox", "ink"):
        write_lora(workspace.loras / f"{name}.safetensors")
    return Shelf(Library(Desk(workspace)))


@pytest.fixture
def librarian(shelf: Shelf) -> Librarian:
    return Librarian(shelf.library.desk, shelf)


def test_a_window_is_sent_only_what_it_has_not_seen(shelf: Shelf, librarian: Librarian) -> None:
    first = shelf.since("", -1)
    assert {card["name"] for card in first["cards"]} == set(first["order"]) == {"fox", "ink"}
    assert shelf.since(first["epoch"], first["revision"])["cards"] == []
    librarian.answer_favourite({"name": "fox", "favourite": True})
    after = shelf.since(first["epoch"], first["revision"])
    assert [(card["name"], card["favourite"]) for card in after["cards"]] == [("fox", True)]
    assert "order" not in after


def test_notes_and_a_weight_of_ones_own_are_kept(librarian: Librarian, shelf: Shelf) -> None:
    librarian.answer_note({"name": "ink", "note": "For rain", "weight": 0.6})
    card = shelf.card("ink")
    assert card is not None and (card.note, card.weight) == ("For rain", 0.6)
    assert "for rain" in next(row["words"] for row in shelf.since("", -1)["cards"] if row["name"] == "ink")


def test_a_picture_beside_it_is_shown_small(librarian: Librarian, workspace: Workspace) -> None:
    Image.new("RGB", (800, 800), "red").save(workspace.loras / "fox.png")
    librarian.shelf.library.hurry()
    told = librarian.answer_pictures({"names": ["fox", "ink"]})["pictures"]
    assert told["ink"] == "" and "thumbnails" in told["fox"]


def test_other_programs_files_are_never_removed(
    librarian: Librarian, workspace: Workspace, tmp_path: Path
) -> None:
    theirs = write_lora(tmp_path / "theirs" / "pose.safetensors")
    add_folder(workspace, theirs.parent)
    librarian.shelf.library.hurry()
    said = servant(librarian)({"what": "bin", "names": ["fox", "theirs/pose"]})
    assert "only read" in said["fault"] and theirs.exists()
    assert (workspace.loras / "fox.safetensors").exists()


def test_a_receipt_says_what_fits_in_words(workspace: Workspace, shelf: Shelf) -> None:
    card = shelf.card("fox")
    assert card is not None
    told = Receipts(workspace).of(card, "pocket")
    assert told["fits"] == "not"
    assert told["told"] == "None of its 1 layers fits Miniature."
    assert told["ignored"][0][1] in ("the base has no such layer", "the base's layer has another size")
    assert dict(told["lines"])["Kind"] == "LoRA"


LOOK = {
    "names": ["a<b", "c"],
    "blocks": ["mid"],
    "pairs": [
        {"one": 0, "other": 1, "cosine": 0.3, "overlap": 0.2, "heat": 2.0, "strip": {"mid": [0.3, 0.2]}}
    ],
    "force": [
        {"total": 0.1, "blocks": {"mid": 0.1, "up 0.0": 0.2}, "parts": {"mid": 0.06, "up 0.0": 0.08}},
        {"total": 0.4, "blocks": {"mid": 0.4, "text": 0.1}, "parts": {"mid": 0.4}},
    ],
    "masks": {
        "all": {"mid": 1.0, "up 0.0": 1.0, "text": 1.0},
        "content": {"mid": 0.0, "up 0.0": 1.0, "text": 1.0},
    },
    "even": [2.0, 0.5],
    "sentences": ["“a<b” and “c” fight."],
}


def test_clash_and_force_follow_the_weights() -> None:
    told = clash_html(LOOK, [Weight("a<b", 1.0), Weight("c", -0.5)])
    assert "likely to clash" in told and "a&lt;b" in told and "<b”" not in told
    assert (
        "10.0 % at weight 1" in told and "20.0 % at weight -0.5" in told and "by 22 % of their size" in told
    )
    assert json.dumps({"a": 1})[0] == "{" and 'data-event="even"' in told
    assert 'data-event="even"' not in clash_html(LOOK, [Weight("a<b", 2.0), Weight("c", 0.5)])
    assert "lower the strongest" not in told
    assert "lower the strongest" in clash_html(LOOK, [Weight("a<b", 1.0), Weight("c", 2.0)])
    assert "Do they clash?" in clash_html(None, [Weight("a", 1.0), Weight("b", 1.0)])


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ("all", "10.0 % at weight 1<"),
        ("content", "8.0 % at weight 1, in some blocks"),
        ("mid=2", "12.0 % at weight 1, in some blocks"),
        ("mid=much", "10.0 %"),
    ],
)
def test_force_follows_the_weights_of_the_blocks(blocks: str, told: str) -> None:
    html = clash_html(LOOK, [weighed({"name": "a<b", "weight": 1.0, "blocks": blocks}), Weight("c", 1.0)])
    assert told in html


def test_force_on_the_words_follows_their_own_weight() -> None:
    assert "text: 20.0%" in clash_html(LOOK, [Weight("a<b", 1.0), Weight("c", 1.0, text=2.0)])


def test_an_old_file_waits_for_the_persons_word(workspace: Workspace, tmp_path: Path) -> None:
    arrivals = Arrivals(Desk(workspace))
    (tmp_path / "old <i>.pt").write_bytes(b"x")
    arrivals.keep(tmp_path)
    assert "old i .pt" in arrivals.html() and "<i>" not in arrivals.html()
    arrivals.open("old i .pt")
    (run,) = Desk(workspace).queue.waiting()
    assert run.settings["task"] == "unpickle" and run.settings["agree"] is True
    assert arrivals.html() == ""
    with pytest.raises(AdapterError, match="no longer there"):
        arrivals.leave("old i .pt")


def test_a_dropped_lora_brings_its_picture_and_card_along(workspace: Workspace, tmp_path: Path) -> None:
    write_lora(workspace.loras / "fox.safetensors")
    write_lora(tmp_path / "in" / "fox.safetensors", fill=1.0)
    Image.new("RGB", (8, 8)).save(tmp_path / "in" / "fox.preview.png")
    (tmp_path / "in" / "fox.civitai.info").write_text('{"trainedWords": ["sks"]}')
    added, refused = take_adapters(workspace, tmp_path / "in")
    assert (added, refused) == (["fox 2"], [])
    assert (workspace.loras / "fox 2.preview.png").is_file()
    assert (workspace.loras / "fox 2.civitai.info").is_file()
