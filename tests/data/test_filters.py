from __future__ import annotations

import pytest

from studio.data.filters import Subject, parse_filter
from studio.errors import SettingsError

CAT = Subject(
    "IMG_1.png", "zwx, a red Cat, long_hair", (640, 480), tokens=80, problems=("blurred", "too_small")
)
BARE = Subject("dog 2.jpg", " ", (2048, 1024))

ASKED = {
    "": (True, True),
    "cat": (True, False),
    "CAT red": (True, False),
    "cat and dog": (False, False),
    "cat or dog": (True, True),
    "cat dog or dog": (False, True),
    '"red cat"': (True, False),
    '"cat red"': (False, False),
    "-cat": (False, True),
    '-"red cat"': (False, True),
    "not cat": (False, True),
    "tag:zwx": (True, False),
    "tag:cat": (False, False),
    'tag:"Long hair"': (True, False),
    '-tag:"a red cat"': (False, True),
    "missing": (False, True),
    "-missing": (True, False),
    '"missing"': (False, False),
    "tokens>75": (True, False),
    "tokens<=75": (False, True),
    "tokens=80": (True, False),
    "size<512": (True, False),
    "size≥1024": (False, True),
    "width>2000 height<2000": (False, True),
    "words>3": (True, False),
    "problem": (True, False),
    "problem:blurred": (True, False),
    'problem:"too small"': (True, False),
    "problem:dark": (False, False),
    "name:img_1": (True, False),
    "caption:img": (False, False),
    "dog": (False, True),
    "(cat or dog) -(missing)": (True, False),
    "-(cat or dog)": (False, False),
    "cat (tokens<10 or size<512)": (True, False),
    "4:3": (False, False),
}


@pytest.mark.parametrize("text", ASKED)
def test_a_filter_keeps_what_is_asked_for(text: str) -> None:
    keeps = parse_filter(text).keeps
    assert (keeps(CAT), keeps(BARE)) == ASKED[text]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('"red', "quotation mark is not closed"),
        ('cat"', "quotation mark is not closed"),
        ("cat or", "breaks off"),
        ("or cat", "missing before “or”"),
        ("()", "missing before"),
        ("(cat", "bracket is not closed"),
        ("cat)", "closing bracket too many"),
        ("tokens>many", "needs a number"),
        ("tokens>", "needs a number"),
        ("colour>3", "no number of a picture.*tokens"),
        ("colour:red", "nothing that can be asked for.*tag:"),
        ("tag:", "needs a word"),
    ],
)
def test_a_filter_that_is_wrong_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        parse_filter(text)
