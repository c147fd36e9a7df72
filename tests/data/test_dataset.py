from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.data.dataset import dataset_folder, list_datasets, open_dataset
from studio.errors import DatasetError
from studio.workspace import Workspace
from tests.data import samples


def test_pictures_come_in_the_order_a_person_expects(tmp_path: Path) -> None:
    names = ["Cat 10.png", "cat 2.png", "10.png", "9.png", "é.png", "cat.png"]
    for name in names:
        samples.picture(tmp_path / name)
    found = [picture.path.name for picture in open_dataset(tmp_path).pictures]
    assert found == ["9.png", "10.png", "cat.png", "cat 2.png", "Cat 10.png", "é.png"]


def test_captions_and_sizes_come_with_the_pictures(tmp_path: Path) -> None:
    samples.picture(tmp_path / "cat.JPG", size=(64, 48))
    (tmp_path / "cat.txt").write_text("a cat\n", encoding="utf-8")
    (picture,) = open_dataset(tmp_path).pictures
    assert (picture.caption, picture.size) == ("a cat", (64, 48))


def test_damaged_pictures_are_named_and_the_rest_is_there(tmp_path: Path) -> None:
    samples.picture(tmp_path / "good.png")
    samples.picture(tmp_path / "dot.png", size=(1, 1))
    samples.truncated(tmp_path / "half.jpg")
    samples.text_named_png(tmp_path / "list.png")
    samples.empty(tmp_path / "nothing.webp")
    samples.bomb(tmp_path / "bomb.png")
    (tmp_path / "notes.md").write_text("not looked at", encoding="utf-8")
    dataset = open_dataset(tmp_path)
    assert [picture.path.name for picture in dataset.pictures] == ["dot.png", "good.png"]
    told = " ".join(str(fault) for fault in dataset.damaged)
    assert len(dataset.damaged) == 4
    assert all(name in told for name in ("half.jpg", "list.png", "nothing.webp", "bomb.png"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    good = samples.picture(tmp_path / "good.png")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(good.read_bytes())
    dataset = open_dataset(tmp_path)
    assert len(dataset.pictures) == 1
    assert "caf?.png" in str(dataset.damaged[0])


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([], "There are no pictures in cats"),
        (["notes.txt", ".hidden.png"], "There are no pictures in cats"),
        (["10_zwx cat/one.png"], "only in folders inside it.*10_zwx cat"),
    ],
)
def test_a_folder_without_pictures_is_told(tmp_path: Path, files: list[str], sentence: str) -> None:
    (tmp_path / "cats").mkdir()
    for name in files:
        (tmp_path / "cats" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "cats" / name).write_bytes(b"x")
    with pytest.raises(DatasetError, match=sentence):
        open_dataset(tmp_path / "cats")


def test_only_broken_pictures_is_told_with_the_reasons(tmp_path: Path) -> None:
    samples.empty(tmp_path / "nothing.png")
    with pytest.raises(DatasetError, match=r"nothing\.png is empty"):
        open_dataset(tmp_path)


def test_a_dataset_is_found_by_name_or_by_full_path(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "workspace")
    elsewhere = samples.picture(tmp_path / "my pictures" / "cat.png").parent
    inside = samples.picture(workspace.datasets / "cats" / "cat.png").parent
    assert dataset_folder(workspace, "cats") == inside
    assert dataset_folder(workspace, str(elsewhere)) == elsewhere


@pytest.mark.parametrize("name", ["", "dogs", "../loras", "..", ".studio", "cats/../cats", "/no/such/folder"])
def test_what_is_no_dataset_is_refused(tmp_path: Path, name: str) -> None:
    workspace = Workspace.open(tmp_path)
    samples.picture(workspace.datasets / "cats" / "cat.png")
    with pytest.raises(DatasetError):
        dataset_folder(workspace, name)


def test_datasets_are_listed_the_last_touched_first(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path)
    for age, name in enumerate(["new", "older", "oldest"]):
        folder = samples.picture(workspace.datasets / name / "cat.png").parent
        os.utime(folder, (1e9 - age, 1e9 - age))
    (workspace.datasets / "empty").mkdir()
    (workspace.datasets / "stray.png").write_bytes(b"")
    assert list_datasets(workspace) == ["new", "older", "oldest"]


def test_opening_in_place_writes_nothing(tmp_path: Path) -> None:
    samples.picture(tmp_path / "cat.png")
    open_dataset(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cat.png"]


def test_a_dataset_that_was_opened_before_tells_what_changed_since(tmp_path: Path) -> None:
    (tmp_path / ".history").mkdir()
    for name in ("a.png", "b.png", "c.png"):
        samples.picture(tmp_path / name, size=(40, 30))
    open_dataset(tmp_path)
    assert (tmp_path / ".history" / "sizes.json").exists()
    samples.picture(tmp_path / "a.png", size=(64, 48))
    samples.text_named_png(tmp_path / "b.png")
    (tmp_path / "c.txt").write_text("a cat", encoding="utf-8")
    dataset = open_dataset(tmp_path)
    assert [(picture.path.name, picture.caption, picture.size) for picture in dataset.pictures] == [
        ("a.png", "", (64, 48)),
        ("c.png", "a cat", (40, 30)),
    ]
    assert len(dataset.damaged) == 1


def test_a_folder_in_place_is_remembered_in_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    folder = samples.picture(tmp_path / "mine" / "a.png", size=(40, 30)).parent
    for _ in range(2):
        assert open_dataset(folder, cache=workspace.cache).pictures[0].size == (40, 30)
    assert [path.name for path in folder.iterdir()] == ["a.png"]
    assert len(list((workspace.cache / "sizes").iterdir())) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"a.png": "x"}', '{"a.png": [1]}', "\0"])
def test_what_was_remembered_may_be_damaged(tmp_path: Path, content: str) -> None:
    samples.picture(tmp_path / "a.png", size=(40, 30))
    (tmp_path / ".history").mkdir()
    (tmp_path / ".history" / "sizes.json").write_text(content, encoding="utf-8")
    assert open_dataset(tmp_path).pictures[0].size == (40, 30)
