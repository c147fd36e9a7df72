from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data.hints import Hints, hints, hints_of_name, set_hints
from studio.data.pictures import open_picture, thumbnail
from studio.errors import DatasetError
from tests.data import samples


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("10_zwx cat", Hints("zwx", "cat", everywhere=10)),
        ("3_zwx big cat", Hints("zwx", "big cat", everywhere=3)),
        ("1_zwx", Hints("zwx", everywhere=1)),
        ("cats", None),
        ("10 zwx cat", None),
        ("2024_holidays", None),
    ],
)
def test_kohya_s_folder_names_are_understood(name: str, expected: Hints | None) -> None:
    assert hints_of_name(name) == expected


def test_a_folder_in_place_gives_hints_by_its_name_alone(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "10_zwx cat" / "a.png")
    found = hints(picture.parent)
    assert (found.trigger, found.class_word, found.repeats_of(picture)) == ("zwx", "cat", 10)
    assert [path.name for path in picture.parent.iterdir()] == ["a.png"]
    assert hints(tmp_path) == Hints()


def test_hints_are_kept_and_those_not_given_stay(tmp_path: Path) -> None:
    folder = samples.picture(tmp_path / "10_zwx cat" / "a.png").parent
    set_hints(folder, class_word="dog")
    set_hints(folder, repeats={"a.png": 3})
    assert hints(folder) == Hints("zwx", "dog", {"a.png": 3}, everywhere=10)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"repeats": {"a.png": "many"}, "background": "no colour", "trigger": 3, "everywhere": -1}',
        "\0",
    ],
)
def test_a_damaged_file_of_hints_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / ".history").mkdir()
    (tmp_path / ".history" / "dataset.json").write_text(content, encoding="utf-8")
    assert hints(tmp_path) == Hints()


def test_transparency_shows_the_colour_that_was_picked(tmp_path: Path) -> None:
    path, cache = tmp_path / "ghost.png", tmp_path / "cache"
    Image.new("RGBA", (8, 8), (255, 0, 0, 0)).save(path)
    white = thumbnail(path, cache)
    assert open_picture(path).getpixel((0, 0)) == (255, 255, 255)
    set_hints(tmp_path, background="#0000ff")
    assert open_picture(path).getpixel((0, 0)) == (0, 0, 255)
    assert open_picture(path, background="lime").getpixel((0, 0)) == (0, 255, 0)
    assert thumbnail(path, cache) != white
    with pytest.raises(DatasetError, match="“bleu” is no colour"):
        set_hints(tmp_path, background="bleu")
