from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL.Image import Image

from studio.caption.engine import CaptionEngine
from studio.data.captions import history, read_caption, undo, write_caption
from studio.errors import Cancelled, DatasetError, DiskFull, OutOfMemory, StudioError
from studio.jobs.events import Artifact, EventLog
from studio.jobs.run import read_run
from studio.registry import _load
from studio.workspace import Workspace
from tests.caption.fakes import Fake, Job, sizes
from tests.data import samples


@pytest.fixture
def fake() -> Iterator[Fake]:
    yield Fake()
    del _load("studio.caption.captioners")["fake"]


def five(folder: Path) -> Path:
    """Pictures 1.png to 5.png, as wide as their number."""
    for number in range(1, 6):
        samples.picture(folder / f"{number}.png", size=(number, 9))
    return folder


def stop_after(fake: Fake, job: Job, batches: int) -> None:
    def say(images: list[Image]) -> list[str]:
        if len(fake.batches) == batches:
            (job.run.folder(job.workspace) / "stop").touch()
        return sizes(images)

    fake.say = say


def test_every_picture_gets_its_own_caption(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    folder = five(tmp_path / "mine")
    job = Job(workspace, folder, prefix=" zwx, ")
    assert job.work() == "Captioned 5 pictures."
    assert job.captions() == {f"{n}.png": f"zwx, a picture of {n} by 9" for n in range(1, 6)}
    assert {path.stem: path.read_text() for path in folder.glob("*.txt")} == {
        Path(name).stem: text for name, text in job.captions().items()
    }
    assert fake.batches == [2, 2, 1]
    assert job.steps()[-1] == (5, 5)
    assert job.steps() == sorted(job.steps())
    assert {path.name for path in folder.iterdir() if path.suffix not in (".png", ".txt")} == {".history"}


def test_captions_that_are_there_are_kept_unless_asked(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    folder = five(tmp_path / "mine")
    (folder / "2.txt").write_text("mine", encoding="utf-8")
    (folder / "3.txt").write_text(" \n", encoding="utf-8")
    job = Job(workspace, folder)
    assert job.work() == "Captioned 4 pictures; 1 had a caption already."
    assert read_caption(folder / "2.png") == "mine"
    assert Job(workspace, folder).work() == "No picture was captioned; 5 had captions already."
    assert Job(workspace, folder, existing="replace").work() == "Captioned 5 pictures."
    assert [(one.text, one.by) for one in history(folder / "2.png")] == [
        ("mine", "another program"),
        ("a picture of 2 by 9", "fake"),
    ]


def test_broken_pictures_are_named_and_the_rest_is_captioned(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    folder = five(tmp_path / "mine")
    samples.truncated(folder / "half.jpg")
    samples.text_named_png(folder / "list.png")
    samples.empty(folder / "nothing.webp")
    samples.bomb(folder / "bomb.png")
    whole = bytearray(samples.picture(folder / "inside.png", size=(64, 64)).read_bytes())
    whole[60:64] = b"\xff\xff\xff\xff"  # looks whole from outside
    (folder / "inside.png").write_bytes(whole)
    samples.picture(folder / "dot.png", size=(1, 1))
    job = Job(workspace, folder)
    assert job.work() == "Captioned 6 pictures; 5 could not be read."
    assert len(job.notes()) == 5
    for name in ("half.jpg", "list.png", "nothing.webp", "bomb.png", "inside.png"):
        assert sum(name in note for note in job.notes()) == 1
        assert not (folder / name).with_suffix(".txt").exists()
    assert job.steps()[-1] == (7, 7)


def test_a_folder_without_pictures_is_told(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    with pytest.raises(DatasetError, match="no pictures in mine"):
        (tmp_path / "mine").mkdir()
        Job(workspace, tmp_path / "mine").work()
    assert fake.opened == 0


@pytest.mark.parametrize("existing", ["keep", "replace"])
def test_stopped_it_keeps_what_is_done_and_goes_on_with_the_rest(
    workspace: Workspace, tmp_path: Path, fake: Fake, existing: str
) -> None:
    folder = five(tmp_path / "mine")
    samples.empty(folder / "nothing.png")
    job = Job(workspace, folder, existing=existing)
    stop_after(fake, job, 2)
    with pytest.raises(Cancelled):
        job.work()
    assert list(job.captions()) == ["1.png", "2.png", "3.png", "4.png"]
    write_caption(folder / "1.png", "changed by hand", by="hand")
    (job.run.folder(workspace) / "stop").unlink()
    assert job.work() == "Captioned 5 pictures; 1 could not be read."
    assert list(job.captions()) == ["5.png"]
    assert job.steps()[-1] == (5, 5)
    assert job.notes() == []  # told before
    assert read_caption(folder / "1.png") == "changed by hand"


def test_killed_midway_nothing_is_lost_and_it_goes_on(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    folder = five(tmp_path / "mine")
    (folder / "5.txt").write_text("from before", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "tests.caption.fakes",
        str(workspace.root),
        str(folder),
        str(tmp_path / "id"),
    ]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], check=False)
    assert ended.returncode == -9
    job = Job(workspace, folder, existing="replace")
    job.run = read_run(workspace.runs / (tmp_path / "id").read_text())
    told = EventLog(job.run.folder(workspace)).since()[0]
    captioned = {Path(one.path): one.facts["caption"] for one in told if isinstance(one, Artifact)}
    assert {path: read_caption(path) for path in captioned} == captioned
    assert read_caption(folder / "5.png") == "from before"
    assert job.work() == "Captioned 5 pictures."
    assert [read_caption(folder / f"{n}.png") for n in range(1, 6)] == [
        f"a picture of {n} by 9" for n in range(1, 6)
    ]
    assert [len(history(folder / f"{n}.png")) for n in range(1, 6)] == [1, 1, 1, 1, 2]


@pytest.mark.parametrize("existing", ["keep", "replace"])
def test_words_written_by_hand_meanwhile_are_not_replaced(
    workspace: Workspace, tmp_path: Path, fake: Fake, existing: str
) -> None:
    folder = five(tmp_path / "mine")

    def say(images: list[Image]) -> list[str]:
        write_caption(folder / "3.png", "by hand", by="hand")
        return sizes(images)

    fake.say = say
    job = Job(workspace, folder, existing=existing)
    assert job.work() == "Captioned 4 pictures; 1 had a caption already."
    assert read_caption(folder / "3.png") == "by hand"


def test_what_the_model_says_becomes_one_line(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    fake.say = lambda images: ["  a cat\n\non a\tmat\u2028 now \r\n"] * len(images)
    job = Job(workspace, five(tmp_path / "mine"))
    job.work()
    assert set(job.captions().values()) == {"a cat on a mat now"}


def test_a_model_without_words_leaves_the_caption_and_says_so(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    folder = five(tmp_path / "mine")
    (folder / "2.txt").write_text("mine", encoding="utf-8")
    fake.say = lambda images: ["" if image.width == 2 else "words" for image in images]
    job = Job(workspace, folder, existing="replace", prefix="zwx")
    assert job.work() == "Captioned 4 pictures; the captioner had no words for 1."
    assert "2.png" in job.notes()[0]
    assert read_caption(folder / "2.png") == "mine"


def test_pictures_that_share_a_caption_file_are_told(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    samples.picture(tmp_path / "mine" / "cat.jpg", size=(8, 8))
    samples.picture(tmp_path / "mine" / "cat.png", size=(9, 9))
    job = Job(workspace, tmp_path / "mine", existing="replace")
    assert job.work() == "Captioned 1 picture."
    assert job.notes() == ["cat.png was left out: it shares cat.txt with cat.jpg. Rename one."]
    assert read_caption(tmp_path / "mine" / "cat.png") == "a picture of 8 by 8"


class OutOfMemoryError(RuntimeError):
    """Named as torch's is."""


@pytest.mark.parametrize(
    "fault",
    [
        OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_too_large_a_batch_is_halved_and_the_job_goes_on(
    workspace: Workspace, tmp_path: Path, fake: Fake, fault: Exception
) -> None:
    def say(images: list[Image]) -> list[str]:
        if len(images) > 1:
            raise fault
        return sizes(images)

    fake.say = say
    job = Job(workspace, five(tmp_path / "mine"), batch_size=4)
    assert job.work() == "Captioned 5 pictures."
    assert fake.batches == [4, 2, 1, 1, 1, 1, 1]
    assert job.captions()["4.png"] == "a picture of 4 by 9"


def test_one_picture_too_many_for_the_memory_is_told(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    def say(images: list[Image]) -> list[str]:
        raise MemoryError

    fake.say = say
    with pytest.raises(OutOfMemory, match="even with one picture at once"):
        Job(workspace, five(tmp_path / "mine")).work()


def test_a_full_disk_is_told_and_earlier_captions_stay(
    workspace: Workspace, tmp_path: Path, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = five(tmp_path / "mine")
    real = os.replace

    def full(source: Path, target: Path) -> None:
        if Path(target).name == "4.txt":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
        real(source, target)

    job = Job(workspace, folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(DiskFull, match=r"4\.txt"):
            job.work()
    assert [bool(read_caption(folder / f"{n}.png")) for n in range(1, 6)] == [True, True, False, False, False]
    assert job.work() == "Captioned 5 pictures."


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_is_told(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    folder = five(tmp_path / "mine")
    folder.chmod(0o555)
    with pytest.raises(StudioError, match=r"may not write to 1\.txt"):
        Job(workspace, folder).work()
    folder.chmod(0o755)


def test_the_captioner_stays_open_from_job_to_job(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    engine = CaptionEngine()
    for name in ("one", "two"):
        Job(workspace, five(tmp_path / name)).work(engine)
    assert fake.opened == 1


def test_pictures_come_no_larger_than_the_captioner_needs(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    fake.side = 100
    samples.picture(tmp_path / "mine" / "wall.png", size=(900, 600))
    job = Job(workspace, tmp_path / "mine")
    job.work()
    assert job.captions() == {"wall.png": "a picture of 150 by 100"}


def test_only_the_chosen_pictures_are_captioned_again(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    folder = five(tmp_path / "mine")
    samples.empty(folder / "nothing.png")
    Job(workspace, folder).work()
    fake.say = lambda images: ["other words"] * len(images)
    job = Job(workspace, folder, existing="replace", only=["2.png", "4.png", "gone.png"])
    assert job.work() == "Captioned 2 pictures."
    assert (job.captions(), job.notes()) == ({"2.png": "other words", "4.png": "other words"}, [])
    assert read_caption(folder / "3.png") == "a picture of 3 by 9"


def test_a_whole_job_is_taken_back_at_once(workspace: Workspace, tmp_path: Path, fake: Fake) -> None:
    folder = five(tmp_path / "mine")
    (folder / "5.txt").write_text("from before", encoding="utf-8")
    Job(workspace, folder, existing="replace").work()
    change = undo(folder)
    assert change is not None
    assert (change.note, change.by, len(change.pictures)) == ("Captions by Fake", "fake", 5)
    assert [read_caption(folder / f"{n}.png") for n in (1, 4, 5)] == ["", "", "from before"]


def test_a_batch_of_pictures_of_one_shape_where_that_is_quicker(
    workspace: Workspace, tmp_path: Path, fake: Fake
) -> None:
    fake.alike = True
    sizes_of = {"1.png": (40, 20), "2.png": (20, 40), "3.png": (42, 21), "4.png": (21, 42)}
    for name, size in sizes_of.items():
        samples.picture(tmp_path / "mine" / name, size=size)
    shapes: list[set[bool]] = []

    def say(images: list[Image]) -> list[str]:
        shapes.append({image.width > image.height for image in images})
        return sizes(images)

    fake.say = say
    job = Job(workspace, tmp_path / "mine")
    job.work()
    assert shapes == [{False}, {True}]
    assert job.captions() == {name: f"a picture of {w} by {h}" for name, (w, h) in sizes_of.items()}
