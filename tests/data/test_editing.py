from __future__ import annotations

from pathlib import Path

import pytest

from studio.data.comparison import compare
from studio.data.dataset import Picture
from studio.data.editing import (
    AddTrigger,
    DedupeTags,
    MoveTagFirst,
    Operation,
    Prefix,
    RemoveTag,
    RemoveTrigger,
    RenameTag,
    Replace,
    SortTags,
    Suffix,
    preview,
)
from studio.data.tags import split_tags, tag_counts
from studio.errors import StudioError

DONE: list[tuple[Operation, str, str]] = [
    (AddTrigger("zwx"), "a cat", "zwx, a cat"),
    (AddTrigger("zwx"), "", "zwx"),
    (AddTrigger("zwx"), "a photo of Zwx", "a photo of Zwx"),
    (AddTrigger("zwx"), "zwxy", "zwx, zwxy"),
    (AddTrigger("<zwx>"), "a <zwx> cat", "a <zwx> cat"),
    (RemoveTrigger("zwx"), "zwx, a cat", "a cat"),
    (RemoveTrigger("zwx"), "a photo of zwx cat.", "a photo of cat."),
    (RemoveTrigger("zwx"), "a cat, ZWX", "a cat"),
    (RemoveTrigger("zwx"), "one, zwx, two", "one, two"),
    (RemoveTrigger("zwx"), "zwx", ""),
    (RemoveTrigger("zwx"), "zwxy  and\nzwx more", "zwxy  and\nmore"),
    (Prefix("photo of"), "a cat", "photo of a cat"),
    (Prefix("photo of "), "a cat", "photo of a cat"),
    (Suffix(", oil painting"), "a cat", "a cat, oil painting"),
    (Suffix("at night"), "", "at night"),
    (Replace("CAT", "dog"), "a cat and a cat", "a dog and a dog"),
    (Replace("CAT", "dog", match_case=True), "a cat", "a cat"),
    (Replace("a.", r"\1"), "a. b", r"\1 b"),
    (Replace(r"(\w+) cat", r"cat of \1", regex=True), "a red cat", "a cat of red"),
    (Replace(", cat", ""), "one, cat", "one"),
    (RemoveTag("Long hair"), "cat, long_hair,  dog", "cat, dog"),
    (RemoveTag("hair"), "cat,long hair", "cat,long hair"),
    (RenameTag("cat", "kitten"), "one, cat, two", "one, kitten, two"),
    (RenameTag("cat", "dog"), "cat, one, dog", "dog, one"),
    (RenameTag("cat", "Cat"), "one, cat", "one, Cat"),
    (MoveTagFirst("dog"), "cat, dog, bird", "dog, cat, bird"),
    (SortTags(), "zwx, Cat, bird", "bird, Cat, zwx"),
    (SortTags("zwx"), "cat, zwx, bird", "zwx, bird, cat"),
    (DedupeTags(), "cat, dog, Cat, dog", "cat, dog"),
    (DedupeTags(), "cat,dog ,bird", "cat,dog ,bird"),
]


@pytest.mark.parametrize(("operation", "before", "after"), DONE, ids=range(len(DONE)))
def test_each_operation_does_what_it_says(operation: Operation, before: str, after: str) -> None:
    assert operation.apply(before) == after
    assert operation.hits(before) >= int(before != after)


def test_the_trigger_word_comes_and_goes_without_a_trace() -> None:
    for caption in ("a cat", "one, two", "line\nline", "a, zwxy ", "ends with a comma,"):
        assert RemoveTrigger("zwx").apply(AddTrigger("zwx").apply(caption)) == caption


def test_an_operation_is_looked_at_before_it_happens() -> None:
    pictures = [Picture(Path(f"{n}.png"), text, (1, 1)) for n, text in enumerate(["cat cat", "dog", "a cat"])]
    seen = preview(Replace("cat", "bird"), pictures)
    assert [(picture.path.name, before, after) for picture, before, after in seen.changes] == [
        ("0.png", "cat cat", "bird bird"),
        ("2.png", "a cat", "a bird"),
    ]
    assert seen.hits == 3
    assert preview(RemoveTag("bird"), pictures).changes == ()


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Replace("(", "x", regex=True), "“[(]” is no regular expression"),
        (lambda: Replace("a", r"\9", regex=True), "cannot be put in.*group"),
        (lambda: Replace("a", r"\g<b>", regex=True), "cannot be put in"),
        (lambda: Replace("", "x"), "nothing to find"),
        (lambda: AddTrigger("  "), "the word is missing"),
        (lambda: RenameTag("cat", ""), "the new is missing"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(make: object, sentence: str) -> None:
    with pytest.raises(StudioError, match=sentence):
        make()  # type: ignore[operator]


def test_titles_name_the_words() -> None:
    assert Replace("{cat}", "dog").title == "Replace “{cat}” by “dog”"
    assert RenameTag("cat", "dog").title == "Rename the tag “cat” to “dog”"


def test_tags_are_counted_once_a_caption() -> None:
    assert split_tags(" cat, ,dog\nbird,") == ["cat", "dog", "bird"]
    assert tag_counts(["Long hair, cat", "long_hair, cat, cat", "cat", ""]) == [("cat", 3), ("Long hair", 2)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a red cat, sitting", "a blue cat"),
        ("", "new"),
        ("same", "same"),
        ("猫 🐈", "猫 🐕"),
        ("a  b", "a b\n"),
    ],
)
def test_a_comparison_tells_what_came_and_what_went(before: str, after: str) -> None:
    segments = compare(before, after)
    assert "".join(one.text for one in segments if one.kind != "added") == before
    assert "".join(one.text for one in segments if one.kind != "removed") == after


def test_a_phrase_that_became_another_is_shown_whole() -> None:
    told = [
        (one.kind, one.text)
        for one in compare("sks, a kind of animal in bold", "sks, a photo of cat in bold")
    ]
    assert told == [
        ("same", "sks, a "),
        ("removed", "kind of animal"),
        ("added", "photo of cat"),
        ("same", " in bold"),
    ]


def test_a_comparison_goes_by_words() -> None:
    told = [(one.kind, one.text) for one in compare("a red cat", "a dark red dog")]
    assert told == [
        ("same", "a"),
        ("added", " dark"),
        ("same", " red "),
        ("removed", "cat"),
        ("added", "dog"),
    ]
