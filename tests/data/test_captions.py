from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import unicodedata
from pathlib import Path

import pytest

from studio.data.captions import history, read_caption, restore, write_caption
from studio.errors import DiskFull, StudioError

WORDS = [
    "a red cat",
    "“zwx”, une étoile — 猫 🐈‍⬛, مرحبا",
    "cafe\u0301 and café",  # the same to the eye, not to a file
    "  two spaces  \tand a tab ",
    "first line\nsecond line",
    "odd\r\nbreaks\u2028and\x85more\x0b",
    "<script>alert(1)</script> ../../etc ' \" \\ {}",
    "x" * 10_000,
]


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_any_words_come_back_as_they_were_written(tmp_path: Path, words: str) -> None:
    picture = tmp_path / "cat.png"
    write_caption(picture, words, by="hand")
    assert read_caption(picture) == words
    write_caption(picture, "other", by="hand")
    assert history(picture)[0].text == words


@pytest.mark.parametrize(
    "name",
    [
        "cat.v2.JPG",
        "🐈 'q\" 猫.png",
        "a" * 251 + ".png",
        unicodedata.normalize("NFD", "été.png"),
        " cat .png",
    ],
)
def test_any_name_has_its_caption_beside_it(tmp_path: Path, name: str) -> None:
    picture = tmp_path / name
    write_caption(picture, "a cat", by="hand")
    assert (tmp_path / (picture.stem + ".txt")).read_text(encoding="utf-8") == "a cat"
    assert read_caption(picture) == "a cat"


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("été.txt", b"words"),
        (unicodedata.normalize("NFD", "été.txt"), b"words\r\n"),
        ("été.TXT", b"\xef\xbb\xbfwords\n"),
    ],
)
def test_captions_of_other_programs_are_found_however_spelt(
    tmp_path: Path, file: str, content: bytes
) -> None:
    (tmp_path / file).write_bytes(content)
    assert read_caption(tmp_path / "été.png") == "words"
    write_caption(tmp_path / "été.png", "new", by="hand")
    assert [path.name for path in tmp_path.glob("*.[tT]*")] == [file]


def test_marks_and_breaks_around_the_words_are_left_out(tmp_path: Path) -> None:
    write_caption(tmp_path / "cat.png", "\ufeffa cat\r\n\n", by="hand")
    assert (tmp_path / "cat.txt").read_bytes() == b"a cat"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_whoever_may_read_the_pictures_may_read_the_captions(tmp_path: Path) -> None:
    (tmp_path / "cat.png").touch()
    write_caption(tmp_path / "cat.png", "a cat", by="hand")
    assert (tmp_path / "cat.txt").stat().st_mode == (tmp_path / "cat.png").stat().st_mode


def test_an_old_windows_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "cat.txt").write_bytes("café – “noir”".encode("cp1252"))
    assert read_caption(tmp_path / "cat.png") == "café – “noir”"


def test_nothing_written_over_is_lost(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    (tmp_path / "cat.txt").write_text("from before\n", encoding="utf-8")
    write_caption(picture, "a dog", by="pocket")
    write_caption(picture, "a cat", by="hand")
    (tmp_path / "cat.txt").write_text("changed elsewhere", encoding="utf-8")
    write_caption(picture, "", by="hand")
    told = [(version.text, version.by) for version in history(picture)]
    assert told == [
        ("from before", "another program"),
        ("a dog", "pocket"),
        ("a cat", "hand"),
        ("changed elsewhere", "another program"),
        ("", "hand"),
    ]
    restore(picture, history(picture)[2])
    assert read_caption(picture) == "a cat"
    assert history(tmp_path / "dog.png") == []


def test_writing_the_same_again_is_no_new_version(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    for _ in range(3):
        write_caption(picture, "a cat", by="hand")
    assert len(history(picture)) == 1


def test_a_line_torn_by_a_power_cut_costs_no_other(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    write_caption(picture, "one", by="hand")
    log = tmp_path / ".history" / "captions.jsonl"
    log.write_bytes(log.read_bytes() + b'{"picture": "cat", "bef')
    write_caption(picture, "two", by="hand")
    assert [version.text for version in history(picture)] == ["one", "two"]


def test_two_writers_lose_no_words(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"

    def write(who: str) -> None:
        for number in range(20):
            write_caption(picture, f"{who} {number}", by=who)

    writers = [threading.Thread(target=write, args=(who,)) for who in ("page", "job")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = [version.text for version in history(picture)]
    assert sorted(kept) == sorted(f"{who} {number}" for who in ("page", "job") for number in range(20))
    assert all(version.by != "another program" for version in history(picture))


def test_a_kill_leaves_a_whole_caption(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from studio.data.captions import write_caption
picture = Path(sys.argv[1])
for number in range(100_000):
    write_caption(picture, f"{number} " + "word " * 2000, by="job")
    print(number, flush=True)
"""
    picture = tmp_path / "cat.png"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(picture)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert writer.stdout is not None
    for _ in range(25):
        last = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    number, _, words = read_caption(picture).partition(" ")
    assert int(number) >= last
    assert words == "word " * 2000
    assert [version.text.partition(" ")[0] for version in history(picture)][:25] == [
        str(n) for n in range(25)
    ]


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        (errno.ENOSPC, DiskFull, r"no room left on the disk for cat\.txt"),
        (errno.EACCES, StudioError, r"may not write to cat\.txt"),
        (errno.EROFS, StudioError, r"may not write to cat\.txt"),
        (errno.EIO, StudioError, r"cat\.txt cannot be written"),
    ],
)
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_refuses_is_told_and_costs_nothing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: int,
    kind: type[StudioError],
    sentence: str,
    step: str,
) -> None:
    picture = tmp_path / "cat.png"
    write_caption(picture, "one", by="hand")

    def refuse(*_: object) -> None:
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patch:
        patch.setattr(os, step, refuse)
        with pytest.raises(kind, match=sentence):
            write_caption(picture, "two", by="hand")
    assert read_caption(picture) == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".history", "cat.txt"]
    write_caption(picture, "three", by="hand")
    assert read_caption(picture) == "three"
    assert "one" in [version.text for version in history(picture)]


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / ".history").write_text("in the way", encoding="utf-8")
    with pytest.raises(StudioError, match=r"cat\.txt"):
        write_caption(tmp_path / "cat.png", "a cat", by="hand")
    assert read_caption(tmp_path / "cat.png") == ""
