"""Batches of captions: taken back as a whole, never half done, never over another's words."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.data.captions import (
    caption_file,
    changes,
    history,
    next_redo,
    next_undo,
    read_caption,
    redo,
    undo,
    write_caption,
    write_captions,
)
from studio.data.dataset import open_dataset
from studio.errors import Cancelled, CaptionConflict, DiskFull, StudioError
from tests.conftest import ROOT
from tests.data import samples

NAMES = ("a 1.png", "b 2.JPG", "🐈 'q\".webp")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A dataset of three pictures with the captions "one 0" … "one 2"."""
    folder = tmp_path / "cats"
    for name in NAMES:
        samples.picture(folder / name)
    write_captions(texts(folder, "one"), by="pocket", note="first")
    return folder


def texts(folder: Path, word: str) -> dict[Path, str]:
    return {folder / name: f"{word} {number}" for number, name in enumerate(NAMES)}


def present(folder: Path) -> list[str]:
    return [read_caption(folder / name).split()[0] if read_caption(folder / name) else "" for name in NAMES]


def test_a_batch_is_taken_back_and_made_again_as_a_whole(folder: Path) -> None:
    write_captions(texts(folder, "two"), by="hand", note="Replace “one” by “two”")
    write_caption(folder / NAMES[0], "three 0", by="hand")
    assert (undo(folder), present(folder))[1] == ["two", "two", "two"]
    taken = undo(folder)
    assert taken is not None and (taken.note, len(taken.pictures)) == ("Replace “one” by “two”", 3)
    assert present(folder) == ["one", "one", "one"]
    again = redo(folder)
    assert again is not None and again.note == taken.note
    assert present(folder) == ["two", "two", "two"]
    redo(folder)
    assert present(folder) == ["three", "two", "two"]
    assert redo(folder) is None


def test_undo_goes_back_to_the_beginning_and_no_further(folder: Path) -> None:
    assert undo(folder) is not None
    assert present(folder) == ["", "", ""]
    assert undo(folder) is None
    assert next_undo(folder) is None
    upcoming = next_redo(folder)
    assert upcoming is not None and upcoming.note == "first"


def test_a_new_change_ends_what_could_be_made_again(folder: Path) -> None:
    undo(folder)
    write_caption(folder / NAMES[0], "new 0", by="hand")
    assert redo(folder) is None
    assert present(folder) == ["new", "", ""]


def test_undoing_is_itself_in_the_history(folder: Path) -> None:
    write_captions(texts(folder, "two"), by="hand", note="second")
    undo(folder)
    assert [(change.note, change.kind) for change in changes(folder)] == [
        ("second", "undo"),
        ("second", "edit"),
        ("first", "edit"),
    ]
    assert [version.text for version in history(folder / NAMES[1])] == ["one 1", "two 1", "one 1"]


def test_changes_of_one_job_are_taken_back_together(folder: Path) -> None:
    for picture, text in texts(folder, "two").items():
        write_caption(picture, text, by="pocket", note="Caption", group="run 1")
    write_caption(folder / NAMES[0], "three 0", by="pocket", group="run 1")
    undo(folder)
    assert present(folder) == ["one", "one", "one"]
    redo(folder)
    assert present(folder) == ["three", "two", "two"]


def test_undo_leaves_alone_what_was_changed_elsewhere_and_says_so(folder: Path) -> None:
    write_captions(texts(folder, "two"), by="hand", note="second")
    (folder / "b 2.txt").write_text("elsewhere 1", encoding="utf-8")
    (folder / NAMES[2]).unlink()
    taken = undo(folder)
    assert taken is not None and taken.kept == (NAMES[1], NAMES[2])
    assert present(folder)[:2] == ["one", "elsewhere"]
    assert undo(folder) is not None, "what is kept does not bar the way"


def test_only_what_changes_is_in_a_change(folder: Path) -> None:
    done = write_captions({**texts(folder, "one"), folder / NAMES[1]: "two 1"}, by="hand", note="x")
    assert done.pictures == ((NAMES[1], "one 1", "two 1"),)
    assert write_captions({}, by="hand", note="nothing").pictures == ()
    assert (
        write_captions(texts(folder, "one") | {folder / NAMES[1]: "two 1"}, by="hand", note="x").pictures
        == ()
    )
    assert len(changes(folder)) == 2


def test_the_second_of_two_windows_is_told(folder: Path) -> None:
    picture = folder / NAMES[0]
    seen = read_caption(picture)
    write_caption(picture, "of the first window", by="hand", expected=seen)
    with pytest.raises(CaptionConflict, match=r"a 1\.png was changed meanwhile") as told:
        write_caption(picture, "of the second window", by="hand", expected=seen)
    assert told.value.present == read_caption(picture) == "of the first window"
    write_caption(picture, "of the first window", by="hand", expected=seen)  # nothing is lost by that
    write_caption(picture, "of the second window", by="hand", expected=told.value.present)
    assert read_caption(picture) == "of the second window"


def test_a_batch_that_knows_old_captions_changes_none(folder: Path) -> None:
    seen = {picture: read_caption(picture) for picture in texts(folder, "")}
    write_caption(folder / NAMES[2], "meanwhile 2", by="hand")
    with pytest.raises(CaptionConflict):
        write_captions(texts(folder, "two"), by="hand", note="x", expected=seen)
    assert present(folder) == ["one", "one", "meanwhile"]


def test_captions_written_before_there_were_batches_are_versions_too(folder: Path) -> None:
    log = folder / ".history" / "captions.jsonl"
    old = {"picture": "a 1", "before": "", "text": "zero", "by": "hand", "at": 1.0}
    log.write_text(json.dumps(old) + "\n" + log.read_text(encoding="utf-8"), encoding="utf-8")
    assert [version.text for version in history(folder / NAMES[0])] == ["zero", "", "one 0"]
    assert undo(folder) is not None


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("moment", range(6))
def test_a_disk_that_fills_up_in_a_batch_leaves_all_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, moment: int
) -> None:
    real: Callable[..., None] = getattr(os, step)
    calls = iter(range(100))

    def full(*args: object) -> None:
        if next(calls) == moment:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(*args)

    files = sorted(path.name for path in folder.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(os, step, full)
        try:
            write_captions(texts(folder, "two"), by="hand", note="second")
            expected, count = "two", 2
        except DiskFull as fault:
            assert ".txt" in str(fault)
            expected, count = "one", 1
    assert expected == "one" or moment >= 4, "four files are written, and one of them grows"
    assert present(folder) == [expected] * 3
    assert sorted(path.name for path in folder.iterdir()) == files
    assert len(changes(folder)) == count


def test_a_disk_that_stays_full_waits_for_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace

    def full(source: Path, target: Path) -> None:
        text = Path(source).read_text(encoding="utf-8")
        if target.name in ("b 2.txt", "🐈 'q\".txt") or text.startswith("one"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(DiskFull):
            write_captions({folder / name: f"two {name}" for name in NAMES}, by="hand", note="second")
        with pytest.raises(StudioError):
            write_caption(folder / NAMES[1], "three", by="hand")
        assert len(open_dataset(folder).pictures) == 3, "the dataset opens all the same"
    assert [picture.caption for picture in open_dataset(folder).pictures] == [f"two {name}" for name in NAMES]
    undo(folder)
    assert present(folder) == ["one", "one", "one"]


KILLED = """
import json, os, shutil, signal, sys, threading
from pathlib import Path
from studio.data.captions import changes, history, read_caption, undo, write_captions
from studio.data.dataset import open_dataset

NAMES = json.loads(sys.argv[2])
os.fsync = lambda file: None  # slow, and no matter where only a process dies

def batch(folder, word):
    write_captions({folder / name: f"{word} {name} " * 50 for name in NAMES}, by="hand", note=word)

def killed_at(moment, folder):
    left = moment
    def trace(frame, event, argument):
        nonlocal left
        if "studio" not in frame.f_code.co_filename and "workspace" not in frame.f_code.co_filename:
            return None
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    if os.fork() == 0:
        threading.settrace(trace)
        sys.settrace(trace)
        batch(folder, "two")
        os._exit(0)
    return os.WIFSIGNALED(os.wait()[1])

whole = {"one", "two"}
kinds, moment = set(), 0
while True:
    folder = Path(sys.argv[1]) / str(moment)
    folder.mkdir()
    for name in NAMES:
        shutil.copy(sys.argv[3], folder / name)
    batch(folder, "one")
    killed = killed_at(moment, folder)
    found = {read_caption(folder / name) for name in NAMES}
    assert found <= {f"{word} {name} " * 50 for word in whole for name in NAMES}, (moment, found)
    opened = [picture.caption for picture in open_dataset(folder).pictures]
    words = {text.split()[0] for text in opened}
    assert len(words) == 1, (moment, words)
    expected = ["one"] if words == {"one"} else ["one", "two"]
    assert len(changes(folder)) == len(expected), moment
    for name in NAMES:
        assert [version.text.split()[0] for version in history(folder / name)] == expected
    batch(folder, "three")
    undo(folder)
    assert {read_caption(folder / name).split()[0] for name in NAMES} == words
    kinds |= words
    shutil.rmtree(folder)
    if not killed:
        break
    moment += 1 + moment // 20
assert kinds == whole and moment > 100, (kinds, moment)
print(moment)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no fork")
def test_a_kill_at_any_moment_of_a_batch_leaves_it_whole(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "x.png")
    (tmp_path / "sets").mkdir()
    names = json.dumps(["a 1.png", "b.png"])
    told = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "sets"), names, str(picture)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr


def test_progress_is_told_of_opening_writing_and_undoing(folder: Path) -> None:
    seen: list[tuple[int, int]] = []

    def tell(done: int, total: int) -> None:
        seen.append((done, total))

    write_captions(texts(folder, "two"), by="hand", note="x", progress=tell)
    undo(folder, tell)
    redo(folder, tell)
    open_dataset(folder, progress=tell)
    assert seen == [(1, 3), (2, 3), (3, 3)] * 4


def test_a_batch_that_is_stopped_leaves_all_as_it_was(folder: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        write_captions(texts(folder, "two"), by="hand", note="x", progress=stop)
    assert present(folder) == ["one", "one", "one"]
    assert len(changes(folder)) == 1


def test_taking_back_a_first_caption_leaves_no_file_where_none_was(tmp_path: Path) -> None:
    new, empty = tmp_path / "new.png", tmp_path / "empty.png"
    for picture in (new, empty):
        samples.picture(picture)
    caption_file(empty).write_text("")
    write_captions({new: "a cat", empty: "a dog"}, by="hand", note="first words", group="typing")
    write_captions({new: "a cat, red hat"}, by="hand", note="more words", group="typing")
    undo(tmp_path)
    assert (caption_file(new).exists(), caption_file(empty).read_text()) == (False, "")
    redo(tmp_path)
    assert read_caption(new) == "a cat, red hat"
    write_caption(new, "", by="hand")
    assert caption_file(new).read_text() == ""  # that is what the person wrote
    assert [version.text for version in history(new)] == ["a cat", "a cat, red hat", "", "a cat, red hat", ""]
