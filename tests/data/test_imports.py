from __future__ import annotations

import errno
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from studio.data import arrivals
from studio.data.captions import history, read_caption, undo
from studio.data.dataset import picture_files
from studio.data.imports import Import, import_pictures
from studio.errors import DiskFull
from studio.workspace import Workspace
from tests.data import samples


def caption(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def names(done: Import) -> list[str]:
    return [path.name for path in done.added]


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".history")


def told(done: Import) -> str:
    return " ".join(str(fault) for fault in done.refused)


def test_dropped_files_arrive_with_their_captions(workspace: Workspace, tmp_path: Path) -> None:
    # a page puts each dropped file into a folder of its own
    cat = samples.picture(tmp_path / "1" / "cat.JPG")
    words = caption(samples.picture(tmp_path / "2" / "x.png").with_name("cat.txt"), "a cat")
    done = import_pictures(workspace, "My cats!", [cat, words])
    assert (names(done), done.refused) == (["cat.JPG"], ())
    assert done.folder == workspace.datasets / "My cats!"
    assert read_caption(done.added[0]) == "a cat"
    assert cat.exists() and words.exists()


def test_a_picture_brings_the_caption_that_lies_beside_it(workspace: Workspace, tmp_path: Path) -> None:
    cat = samples.picture(tmp_path / "cat.png")
    caption(tmp_path / "cat.txt", "a cat")
    assert read_caption(import_pictures(workspace, "cats", [cat]).added[0]) == "a cat"


def test_a_folder_arrives_with_all_inside_it(workspace: Workspace, tmp_path: Path) -> None:
    for place in ("a", "b/deep"):
        samples.picture(tmp_path / "drop" / place / "cat.png", size=(len(place), 9))
        caption(tmp_path / "drop" / place / "cat.txt", f"from {place}")
    samples.empty(tmp_path / "drop" / ".DS_Store")
    samples.empty(tmp_path / "drop" / "a" / "._cat.png")
    done = import_pictures(workspace, "cats", [tmp_path / "drop"])
    assert names(done) == ["cat.png", "cat 2.png"]
    assert [read_caption(path) for path in done.added] == ["from a", "from b/deep"]
    assert done.refused == ()


def test_what_cannot_be_used_is_named_and_the_rest_arrives(workspace: Workspace, tmp_path: Path) -> None:
    files = [
        samples.picture(tmp_path / "good.png"),
        samples.truncated(tmp_path / "half.jpg"),
        samples.text_named_png(tmp_path / "list.png"),
        samples.empty(tmp_path / "nothing.webp"),
        samples.bomb(tmp_path / "bomb.png"),
        caption(tmp_path / "readme.md", "hello"),
        caption(tmp_path / "stray.txt", "hello"),
        tmp_path / "gone.png",
    ]
    done = import_pictures(workspace, "cats", files)
    assert names(done) == ["good.png"]
    assert len(done.refused) == 7
    assert all(path.name in told(done) for path in files[1:])
    assert visible(done.folder) == ["good.png"]


def test_nothing_there_is_overwritten(workspace: Workspace, tmp_path: Path) -> None:
    first = import_pictures(workspace, "cats", [samples.picture(tmp_path / "1" / "cat.png", "red")])
    before = first.added[0].read_bytes()
    again = [
        samples.picture(tmp_path / "2" / "cat.png", "blue"),
        samples.picture(tmp_path / "3" / "CAT.jpg", "lime"),  # another suffix, but it would share the caption
    ]
    caption(tmp_path / "2" / "cat.txt", "blue")
    caption(tmp_path / "3" / "CAT.txt", "lime")
    done = [import_pictures(workspace, "cats", [path]).added[0] for path in again]
    assert [path.name for path in done] == ["cat 2.png", "CAT 3.jpg"]
    assert [read_caption(path) for path in done] == ["blue", "lime"]
    assert first.added[0].read_bytes() == before
    assert read_caption(first.added[0]) == ""


def test_the_same_picture_again_brings_only_its_caption(workspace: Workspace, tmp_path: Path) -> None:
    cat = samples.picture(tmp_path / "cat.png")
    import_pictures(workspace, "cats", [cat])
    caption(tmp_path / "cat.txt", "a cat")
    done = import_pictures(workspace, "cats", [cat])
    assert names(done) == []
    assert "cat.png is in this dataset already" in told(done)
    assert read_caption(done.folder / "cat.png") == "a cat"
    caption(tmp_path / "cat.txt", "other words")
    assert "another caption already" in told(import_pictures(workspace, "cats", [tmp_path / "cat.txt"]))
    assert read_caption(done.folder / "cat.png") == "a cat"


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("con.png", "_con.png"),
        ("a" * 250 + ".png", "a" * 200 + ".png"),
        (unicodedata.normalize("NFD", "été.png"), "été.png"),
        ("what?.PNG", "what.PNG"),
        ("🐈 'q\".png", "🐈 'q.png"),
    ],
)
def test_names_are_made_safe_for_every_system(
    workspace: Workspace, tmp_path: Path, name: str, becomes: str
) -> None:
    path = samples.picture(tmp_path / name)
    caption(path.with_suffix(".txt"), "words")
    done = import_pictures(workspace, "cats", [path])
    assert names(done) == [becomes]
    assert read_caption(done.added[0]) == "words"


def test_a_zip_arrives_like_a_folder(workspace: Workspace, tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png").read_bytes()
    files = {
        "pack/cat.png": picture,
        "pack/cat.txt": "a cät".encode(),
        "__MACOSX/pack/._cat.png": b"clutter",
        "pack/list.png": b"no picture",
    }
    done = import_pictures(workspace, "cats", [packed(tmp_path / "cats.ZIP", files)])
    assert names(done) == ["cat.png"]
    assert read_caption(done.added[0]) == "a cät"
    assert [version.by for version in history(done.added[0])] == ["import"]
    assert len(done.refused) == 1 and "list.png" in told(done)


def test_no_zip_writes_outside_the_dataset(workspace: Workspace, tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png").read_bytes()
    slips = ["../../slip.png", "/slip2.png", "C:\\slip3.png", "a/../../../slip4.png", "..\\slip5.png"]
    archive = packed(tmp_path / "slip.zip", dict.fromkeys(slips, picture))
    before = {path for path in tmp_path.rglob("*") if workspace.datasets not in path.parents}
    done = import_pictures(workspace, "cats", [archive])
    assert sorted(names(done)) == ["slip.png", "slip2.png", "slip3.png", "slip4.png", "slip5.png"]
    assert {path.parent for path in done.added} == {done.folder}
    assert {path for path in tmp_path.rglob("*") if workspace.datasets not in path.parents} == before


def test_a_zip_bomb_is_refused_before_it_unpacks(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrivals, "LARGEST_FILE", 1 << 20)
    monkeypatch.setattr(arrivals, "LARGEST_ARCHIVE", 3 << 20)
    one = packed(tmp_path / "one.zip", {"huge.png": bytes(2 << 20)})
    many = packed(tmp_path / "many.zip", {f"{n}.png": bytes(900 << 10) for n in range(4)})
    done = import_pictures(workspace, "cats", [one, many])
    assert "huge.png is too large" in told(done)
    assert "many.zip would unpack to far more" in told(done)
    assert not done.folder.exists()


def test_a_zip_that_lies_about_its_size_gives_no_more_than_it_said(
    workspace: Workspace, tmp_path: Path
) -> None:
    archive = packed(tmp_path / "liar.zip", {"huge.png": bytes(50 << 20)})
    content = archive.read_bytes()
    archive.write_bytes(content.replace((50 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    done = import_pictures(workspace, "cats", [archive])
    assert names(done) == []
    assert "huge.png" in told(done)


def test_damaged_and_locked_archives_are_told(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "not.zip").write_text("no archive", encoding="utf-8")
    good = samples.picture(tmp_path / "cat.png")
    archive = packed(tmp_path / "locked.zip", {"secret.png": good.read_bytes()})
    content = bytearray(archive.read_bytes())
    content[6] |= 1  # "encrypted", in the file's own header and in the directory at the end
    content[content.find(b"PK\1\2") + 8] |= 1
    archive.write_bytes(content)
    done = import_pictures(workspace, "cats", [tmp_path / "not.zip", archive, good])
    assert names(done) == ["cat.png"]
    assert "not.zip" in told(done) and "secret.png cannot be unpacked" in told(done)


def test_a_full_disk_ends_the_import_and_keeps_what_is_there(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [samples.picture(tmp_path / f"cat {n}.png") for n in (1, 2)]
    real = os.replace

    def full(source: Path, target: Path) -> None:
        if "cat 2" in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(source))
        real(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(DiskFull, match=r"cat 2\.png"):
        import_pictures(workspace, "cats", files)
    assert visible(workspace.datasets / "cats") == ["cat 1.png"]


def test_progress_comes_to_its_end(workspace: Workspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    files = [samples.picture(tmp_path / f"{n}.png", size=(n, 1)) for n in (1, 2)]
    import_pictures(workspace, "cats", files, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_pasted_pictures_are_numbered_in_the_order_they_came(workspace: Workspace, tmp_path: Path) -> None:
    pasted = [
        samples.picture(tmp_path / str(n) / "image.png", colour)
        for n, colour in enumerate(["red", "lime", "blue", "red"])
    ]
    for picture in pasted:
        done = import_pictures(workspace, "cats", [picture])
    assert "already" in told(done)
    assert [path.name for path in picture_files(done.folder)] == ["image.png", "image 2.png", "image 3.png"]


def test_captions_here_are_replaced_only_when_asked(workspace: Workspace, tmp_path: Path) -> None:
    cat = samples.picture(tmp_path / "cat.png")
    caption(tmp_path / "cat.txt", "a cat")
    import_pictures(workspace, "cats", [cat])
    caption(tmp_path / "cat.txt", "other words")
    done = import_pictures(workspace, "cats", [cat])
    assert "The caption of cat.png was left out" in told(done)
    assert read_caption(done.folder / "cat.png") == "a cat"
    done = import_pictures(workspace, "cats", [cat], replace_captions=True)
    assert [version.text for version in history(done.folder / "cat.png")] == ["a cat", "other words"]


def test_masks_come_with_their_pictures(workspace: Workspace, tmp_path: Path) -> None:
    for place in ("1", "2"):
        samples.picture(tmp_path / place / "cat.png", size=(int(place), 9))
        samples.picture(tmp_path / place / "cat-masklabel.png", "white")
    samples.picture(tmp_path / "dog-masklabel.png", "white")
    done = import_pictures(workspace, "cats", [tmp_path])
    assert visible(done.folder) == ["cat 2-masklabel.png", "cat 2.png", "cat-masklabel.png", "cat.png"]
    assert "dog-masklabel.png belongs to no picture" in told(done)


def test_undoing_takes_back_the_captions_of_an_import_together(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(130):
        samples.picture(tmp_path / f"{number}.png", size=(number + 1, 1))
        caption(tmp_path / f"{number}.txt", f"number {number}")
    done = import_pictures(workspace, "numbers", [tmp_path])
    assert all(read_caption(path) == f"number {path.stem}" for path in done.added)
    taken = undo(done.folder)
    assert taken is not None and len(taken.pictures) == 130
