"""What the doctor says of captions and of the trigger word."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.data.captions import read_caption, undo, write_caption
from studio.data.dataset import open_dataset
from studio.data.doctor import Finding, examine, mend
from studio.data.doctor.words import fused, without
from studio.data.hints import hints
from studio.models.facts import base_facts
from studio.workspace import Workspace
from tests.data import samples

SD1 = "stable-diffusion-v1-5/stable-diffusion-v1-5"  # its tokenizer comes with the studio
PLACES = ("a beach", "the snow", "a street", "a kitchen", "a forest", "a boat", "a bed", "a hill", "the sea")


def dataset(folder: Path, *captions: str) -> Path:
    for number, caption in enumerate(captions):
        write_caption(samples.picture(folder / f"{number}.png"), caption, by="hand")
    return folder


def look(
    folder: Path, workspace: Workspace, check: str, *, trigger: str = "", base: str = ""
) -> Finding | None:
    facts = base_facts(base, workspace) if base else None
    report = examine(open_dataset(folder), workspace=workspace, base=facts, trigger=trigger)
    return next((finding for finding in report.findings if finding.check == check), None)


def test_missing_captions_are_named_and_lead_to_the_captioner(workspace: Workspace, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", "a fox", "  ", "")
    finding = look(folder, workspace, "missing")
    assert finding is not None and finding.title == "2 pictures have no caption"
    assert finding.mends[0].opens == "caption" and finding.mends[0].arguments == {
        "pictures": ["1.png", "2.png"]
    }


def test_same_captions_are_grouped_whatever_their_commas(workspace: Workspace, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", "A fox, sitting", "a fox sitting", "a dog", "a dog", "a cat")
    finding = look(folder, workspace, "identical")
    assert finding is not None
    assert [[path.stem for path in group] for group in finding.groups] == [["0", "1"], ["2", "3"]]


def test_a_caption_is_too_long_from_the_76th_token_on(workspace: Workspace, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "d", "fox " * 75, "fox " * 76)
    finding = look(folder, workspace, "long", base=SD1)
    assert finding is not None and finding.notes == {"1.png": "76 tokens of 75"}
    assert look(folder, workspace, "long") is None  # no base is chosen, so nobody can say


@pytest.mark.parametrize(
    ("captions", "title"),
    [
        (("sks fox", "a fox", "Sks, fox"), "1 caption has no “sks”"),
        (("a fox", "sksy fox"), "No caption has the word “sks”"),
        (("sks fox", "a (sks) fox", ""), None),
    ],
)
def test_captions_without_the_trigger_word_get_it_and_it_can_be_undone(
    captions: tuple[str, ...], title: str | None, workspace: Workspace, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "d", *captions)
    finding = look(folder, workspace, "trigger", trigger="sks")
    assert (finding and finding.title) == title
    if finding:
        mend(folder, finding.mends[0].action, finding.mends[0].arguments)
        assert look(folder, workspace, "trigger", trigger="sks") is None
        undo(folder)
        assert tuple(read_caption(folder / f"{n}.png") for n in range(len(captions))) == captions


ORDINARY = ["fox", "painting", "Ludwig", "my fox", "mycharacter", "blue fox", "shs"]
RARE = ["sks", "ohwx", "zwx", "sks fox", "ukj woman", "qvz style", "dog1", ""]


@pytest.mark.parametrize("base", [SD1, "pocket", ""])
@pytest.mark.parametrize(("words", "known"), [(ORDINARY, True), (RARE, False)], ids=["ordinary", "rare"])
def test_a_trigger_word_that_means_something_is_told(
    base: str, words: list[str], known: bool, workspace: Workspace, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "d", "a picture")
    if base == "pocket" and known:
        words = [word for word in words if word != "mycharacter"]  # nothing to it but syllables
    told = {word: look(folder, workspace, "ordinary", trigger=word, base=base) for word in words}
    assert {word: finding is not None for word, finding in told.items()} == dict.fromkeys(words, known)


def test_a_word_that_falls_apart_is_explained_by_its_parts(workspace: Workspace, tmp_path: Path) -> None:
    finding = look(dataset(tmp_path / "d", "x"), workspace, "ordinary", trigger="mycharacter", base=SD1)
    assert finding is not None and "2 pieces, my + character, and knows “character”" in finding.sentence


@pytest.mark.parametrize("count", [5, 9, 20, 200])
def test_what_stands_in_nearly_every_caption_is_fused(count: int) -> None:
    captions = [f"a photo of sks fox in {PLACES[n % 9]}, white background" for n in range(count)]
    assert fused(captions, "sks") == [("white background", count)]
    some = count // 10
    captions[:some] = ["sks fox in the rain"] * some
    assert fused(captions, "sks") == [("white background", count - some)]
    captions[: some + 1] = ["sks fox in the rain"] * (some + 1)
    assert fused(captions, "sks") == []


@pytest.mark.parametrize(
    ("trigger", "captions", "expected"),
    [
        ("sks", ["sks fox, white background"] * 4, []),  # too few to be a pattern
        ("zwx", [f"zwx, {place}, long_hair, 1girl" for place in PLACES], ["1girl", "long hair"]),
        ("sks", [f"a wet sks dog sits on green grass, {place}" for place in PLACES], ["green grass", "wet"]),
        ("sks", [f"{place}, sks dog on green grass" for place in PLACES], ["green grass"]),
        ("sks", [f"a picture of sks red fox in {place}" for place in PLACES], []),  # "red fox" is its name
        ("zwx", [f"{place} in zwx style" for place in PLACES], []),
    ],
)
def test_phrases_are_found_whole(trigger: str, captions: list[str], expected: list[str]) -> None:
    assert [phrase for phrase, _ in fused(captions, trigger)] == expected


def test_a_fused_phrase_is_dropped_from_all_captions_in_one_go(workspace: Workspace, tmp_path: Path) -> None:
    captions = [f"sks fox in {place}, white background" for place in PLACES]
    folder = dataset(tmp_path / "d", *captions)
    finding = look(folder, workspace, "fused", trigger="sks")
    assert finding is not None and finding.mends[0].label == "Drop “white background”"
    mend(folder, finding.mends[0].action, finding.mends[0].arguments)
    assert read_caption(folder / "0.png") == "sks fox in a beach"
    assert look(folder, workspace, "fused", trigger="sks") is None
    undo(folder)
    assert read_caption(folder / "0.png") == captions[0]


def test_words_inside_a_sentence_are_not_dropped_but_changed_by_hand(
    workspace: Workspace, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "d", *(f"sks fox on a brown background, {place}" for place in PLACES))
    finding = look(folder, workspace, "fused", trigger="sks")
    assert finding is not None
    assert [mend.opens for mend in finding.mends] == ["replace"] * len(finding.mends)
    assert finding.mends[0].arguments == {"find": "brown background"}


@pytest.mark.parametrize(
    ("caption", "after"),
    [
        ("a fox on a white background", "a fox on a white background"),
        ("white background, a fox, grass", "a fox, grass"),
        ("a fox, white_background", "a fox"),
        ("a fox, grass\nwhite background", "a fox, grass"),
        ("a fox,  hat", "a fox,  hat"),
        ("whitebackground", "whitebackground"),
        ("White Background", ""),
    ],
)
def test_only_a_whole_tag_is_dropped(caption: str, after: str) -> None:
    assert without(caption, "white background") == after


@pytest.mark.parametrize(
    ("captions", "word"),
    [
        (("zwx, a fox", "Zwx fox in the snow", "zwx asleep"), "zwx"),
        (("a fox", "a fox in the snow", "a fox asleep"), None),
        (("fox", "fox in the snow", "fox asleep"), None),
        (("zwx fox", "zwx dog", "a cat"), None),
    ],
)
def test_a_rare_word_that_all_captions_begin_with_can_be_named_the_trigger(
    captions: tuple[str, ...], word: str | None, workspace: Workspace, tmp_path: Path
) -> None:
    folder = dataset(tmp_path / "d", *captions)
    finding = look(folder, workspace, "unsaid", base=SD1)
    assert (finding is not None) == (word is not None)
    if finding is not None:
        mend(folder, finding.mends[0].action, finding.mends[0].arguments)
        assert hints(folder).trigger == word
        assert look(folder, workspace, "unsaid", trigger="zwx", base=SD1) is None


def test_a_dataset_with_captions_missing_is_not_called_ready(workspace: Workspace, tmp_path: Path) -> None:
    report = examine(open_dataset(dataset(tmp_path / "d", "a fox", "")), workspace=workspace)
    assert (report.ready, report.state) == (False, "2 pictures, not quite ready.")
