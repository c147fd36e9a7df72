"""The bench: what the page may ask for, and that nothing is written behind a person's back."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.data.captions import read_caption, write_caption
from studio.data.crops import crop_of
from studio.data.hints import hints
from studio.data.masks import mask_of
from studio.ui.captioning.bench import Bench
from studio.ui.desk import Desk
from studio.workspace import Workspace

Ask = Callable[..., dict[str, Any]]
ALL = ["one.png", "two.png", "ten.jpg"]


@pytest.fixture
def ask(workspace: Workspace, folder: Path) -> Ask:
    bench = Bench(Desk(workspace))
    bench.deck("fox").refresh()
    servant = bench.servant()
    return lambda what, **more: servant({"what": what, "dataset": "fox", "window": "w", **more})


def test_a_caption_is_saved_and_what_it_said_before_can_be_compared(ask: Ask, folder: Path) -> None:
    answer = ask("save", name="one.png", text="a red fox, orange", expected="a fox, orange")
    assert read_caption(folder / "one.png") == "a red fox, orange"
    assert answer["history"][0]["text"] == "a fox, orange"
    assert ("added", "red") in [(kind, text.strip()) for kind, text in answer["history"][0]["way"]]
    assert answer["tokens"][0] > 0


def test_typing_is_one_change_until_a_pause_or_an_earlier_version(
    ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("studio.data.journal.time.time", lambda: clock[0])
    said = "a fox, orange"
    for seconds, text, earlier in [(1, "a", 0), (2, "ab", 0), (30, "abc", 0), (1, "a", 1), (1, "ad", 0)]:
        clock[0] += seconds
        ask("save", name="one.png", text=text, expected=said, earlier=bool(earlier))
        said = text
    undone = [ask("turn", kind="undo") and read_caption(folder / "one.png") for _ in range(4)]
    assert undone == ["a", "abc", "ab", "a fox, orange"]


def test_words_that_somebody_else_wrote_meanwhile_are_not_overwritten(ask: Ask, folder: Path) -> None:
    write_caption(folder / "one.png", "theirs", by="hand")
    answer = ask("save", name="one.png", text="mine", expected="a fox, orange")
    assert answer["conflict"] == "theirs"
    assert read_caption(folder / "one.png") == "theirs"
    assert ask("save", name="one.png", text="mine", expected="theirs")["caption"] == "mine"


def test_a_batch_is_seen_before_it_happens_and_taken_back_whole(ask: Ask, folder: Path) -> None:
    wanted = {"operation": "Replace", "values": {"find": "fox", "put": "cat"}, "names": ALL}
    seen = ask("preview", **wanted)
    assert (seen["count"], seen["hits"]) == (3, 3)
    assert read_caption(folder / "one.png") == "a fox, orange"
    assert "3 pictures changed" in ask("apply", **wanted)["told"]
    assert read_caption(folder / "one.png") == "a cat, orange"
    assert "Taken back: Replace “fox” by “cat” (3 pictures)" in ask("turn", kind="undo")["told"]
    assert [read_caption(folder / name) for name in ALL] == ["a fox, orange", "a fox, teal", "a fox, purple"]
    assert "Done again" in ask("turn", kind="redo")["told"]
    assert read_caption(folder / "two.png") == "a cat, teal"


def test_a_trigger_word_that_is_added_to_all_becomes_that_of_the_dataset(ask: Ask, folder: Path) -> None:
    wanted = {"operation": "AddTrigger", "names": ALL}
    assert ask("apply", **wanted, values={"word": "zwx"})["changed"] == 3
    assert hints(folder).trigger == "zwx"
    assert ask("deck")["aim"][1] == "zwx"
    ask("apply", **wanted, values={"word": "ohwx"})
    assert hints(folder).trigger == "zwx"


def test_undo_after_a_removal_brings_the_picture_back_and_touches_no_caption(ask: Ask, folder: Path) -> None:
    ask("apply", operation="Prefix", values={"text": "zwx,"}, names=ALL)
    ask("mend", action="remove", arguments={"pictures": ["one.png"]})
    told = ask("turn", kind="undo")["told"]
    assert told == "Taken back: Take out one.png. 1 picture is back, with captions and masks as before."
    assert [read_caption(folder / name)[:4] for name in ALL] == ["zwx,"] * 3


def test_undo_says_that_a_picture_is_gone_and_not_that_it_says_something_else(ask: Ask, folder: Path) -> None:
    ask("apply", operation="Prefix", values={"text": "zwx,"}, names=ALL)
    (folder / "one.png").unlink()
    told = ask("turn", kind="undo")["told"]
    assert "1 picture is no longer in the dataset" in told and "something else" not in told


@pytest.mark.parametrize(
    ("what", "more", "sentence"),
    [
        (
            "preview",
            {"operation": "Replace", "values": {"find": "(", "put": "", "regex": True}},
            "no regular expression",
        ),
        ("preview", {"operation": "__class__", "values": {}}, "no operation"),
        ("filter", {"text": "size<"}, "needs a number"),
        ("save", {"name": "../secret.png", "text": "x", "expected": ""}, "no longer in this dataset"),
        ("crop", {"name": "one.png", "crop": [0.5, 0.5, 0.2, 0.2]}, "crop cannot be used"),
        ("mask", {"name": "one.png", "drawn": "data:image/png;base64,AAAA"}, "did not arrive whole"),
        ("mend", {"action": "format_disk", "arguments": {}}, "no remedy"),
        ("everything", {}, "not there"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    ask: Ask, what: str, more: dict[str, Any], sentence: str
) -> None:
    assert sentence in ask(what, **{"names": ALL, **more})["fault"]


def test_filter_and_tags(ask: Ask) -> None:
    assert ask("filter", text="teal")["names"] == ["two.png"]
    assert ask("tags")["tags"][0] == ("a fox", 3)


def test_a_crop_shows_what_its_bucket_keeps_and_leaves_the_file_alone(ask: Ask, folder: Path) -> None:
    before = (folder / "one.png").read_bytes()
    box = [0.0, 0.0, 0.5, 1.0]
    seen = ask("crop", name="one.png", crop=box, only_look=True)
    assert crop_of(folder / "one.png") is None
    assert seen["keeps"]["box"][2] <= 0.5
    ask("crop", name="one.png", crop=box)
    assert ask("look", name="one.png")["crop"] == box
    assert ask("turn", kind="undo")["told"] == "Taken back: Crop one.png."
    assert ask("look", name="one.png")["crop"] is None
    ask("turn", kind="redo")
    assert ask("look", name="one.png")["crop"] == box
    ask("crop", name="one.png", crop=None)
    assert crop_of(folder / "one.png") is None
    assert (folder / "one.png").read_bytes() == before


def test_a_mask_is_drawn_kept_and_taken_away(ask: Ask, folder: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (32, 24), 90).save(buffer, "PNG")
    drawn = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    assert ask("mask", name="one.png", drawn=drawn)["mask"].startswith("data:image/png")
    with Image.open(str(mask_of(folder / "one.png"))) as mask:
        assert mask.size == (64, 48)
    assert ask("mask", name="one.png", drawn="")["mask"] == ""
    assert ask("turn", kind="undo")["told"] == "Taken back: No mask of one.png."
    assert ask("look", name="one.png")["mask"]
    ask("turn", kind="undo")
    assert not ask("look", name="one.png")["mask"]
