"""Whatever people write and however they name their files: it comes back to the letter."""

from __future__ import annotations

import random
import sys
import unicodedata
import zipfile
from pathlib import Path

import pytest

from studio.data.captions import history, read_caption, redo, undo, write_caption, write_captions
from studio.data.companions import plain
from studio.data.dataset import open_dataset
from studio.data.imports import import_pictures
from studio.workspace import Workspace
from tests.data import samples

ODD = "\t\n\r\x00\x0b\x1f\x7f\x85\xa0\u0301\u200b\u200d\u2028\u202e\ufe0f\ufeff\ufffd\uffff\U0010ffff"
PLAIN = "abc ,.\"'\\/<>{}()[]%$&é猫مرحباक्षि🐈👩‍🚀"


def words(chance: random.Random) -> str:
    """A text of any characters that Unicode has, the strange ones often."""
    kinds = (
        lambda: chance.choice(PLAIN),
        lambda: chance.choice(ODD),
        lambda: chr(chance.randrange(0xD800)),
        lambda: chr(chance.randrange(0xE000, sys.maxunicode + 1)),
    )
    return "".join(chance.choice(kinds)() for _ in range(chance.choice((0, 1, 5, 40, 600))))


def name(chance: random.Random) -> str:
    """A file name of up to 250 bytes, with what file systems allow."""
    allowed = "ab XY09.,;'!~#%&()[]{}+=@^_-“”é猫🐈👩‍🚀\u0301"
    stem = "".join(chance.choice(allowed) for _ in range(chance.choice((1, 8, 60, 200))))
    stem = unicodedata.normalize(chance.choice(("NFC", "NFD")), stem)
    while len(stem.encode()) > 245:
        stem = stem[:-1]
    return f"x{stem}{chance.choice(('.png', '.PNG', '.Jpg', '.jpeg', '.WEBP'))}"


def kept(text: str) -> str:
    """What of a text is a caption: marks at its beginning and breaks at its end are not."""
    return text.lstrip("\ufeff").rstrip("\r\n")


@pytest.mark.parametrize("seed", range(12))
def test_any_caption_beside_any_name_survives_all_that_can_be_done(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    names = {plain(Path(one).stem): one for one in (name(chance) for _ in range(8))}
    pictures = [samples.picture(tmp_path / one, size=(3, 2)) for one in names.values()]
    first = {picture: kept(words(chance)) for picture in pictures}
    second = {picture: kept(words(chance)) for picture in pictures}
    write_captions(first, by="hand", note=words(chance))
    for picture, text in second.items():
        write_caption(picture, text, by="hand", expected=first[picture], group="one")
    assert {picture.path: picture.caption for picture in open_dataset(tmp_path).pictures} == second
    undo(tmp_path)
    for picture, text in first.items():
        assert read_caption(picture) == text
        if text:
            assert picture.with_suffix(".txt").read_bytes() == text.encode()
    redo(tmp_path)
    for picture, text in second.items():
        assert read_caption(picture) == text
        told = [version.text for version in history(picture)]
        assert told[-1:] == [text] or text == first[picture]


@pytest.mark.parametrize("seed", range(6))
def test_any_caption_comes_through_folders_and_archives(
    workspace: Workspace, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(100 + seed)
    drop = tmp_path / "drop"
    texts: dict[bytes, str] = {}
    for number in range(6):
        picture = samples.picture(drop / str(number) / name(chance), size=(3 + number, 2))
        text = words(chance)
        picture.with_suffix(".txt").write_bytes(text.encode())
        texts[picture.read_bytes()] = kept(text)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in (path for path in drop.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(drop))
    for source in (drop, tmp_path / "all.zip"):
        done = import_pictures(workspace, source.name, [source])
        assert done.refused == ()
        assert {path.read_bytes(): read_caption(path) for path in done.added} == texts
