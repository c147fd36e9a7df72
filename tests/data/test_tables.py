"""Captions and pictures as other programs keep them: imagefolders, kohya's files, parquet, the hub."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.data.adoption import adopt_captions, captions_elsewhere
from studio.data.captions import read_caption, undo
from studio.data.dataset import open_dataset
from studio.data.hints import hints
from studio.data.imports import Import, import_hub_dataset, import_pictures
from studio.errors import DatasetError, PictureError, StudioError
from studio.workspace import Workspace
from tests.data import samples


def captions(done: Import) -> dict[str, str]:
    return {path.name: read_caption(path) for path in done.added}


def told(done: Import) -> str:
    return " ".join(str(fault) for fault in done.refused)


def three(folder: Path) -> Path:
    for number, name in enumerate(("a.png", "b.JPG", "deep/c.png")):
        samples.picture(folder / name, size=(10 + number, 10))
    return folder


TABLES = {
    "metadata.jsonl": '{"file_name": "a.png", "text": "an a"}\n\n'
    '{"file_name": "deep/c.png", "text": "a çé 猫"}\n',
    "metadata.csv": 'file_name,text\r\na.png,an a\r\ndeep/c.png,"a çé 猫"\r\n',
    "meta_cap.json": json.dumps(
        {
            "/elsewhere/a.png": {"caption": "an", "tags": "a"},
            "c": {"caption": "a çé 猫"},
            "gone": {"tags": "x"},
        }
    ),
    "list.json": json.dumps([{"image": "a.png", "caption": "an a"}, {"image": "c.png", "text": ["a çé 猫"]}]),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_gives_the_captions(workspace: Workspace, tmp_path: Path, table: str) -> None:
    folder = three(tmp_path / "drop")
    (folder / table).write_text(TABLES[table], encoding="utf-8")
    done = import_pictures(workspace, "set", [folder])
    an_a = "an, a" if table == "meta_cap.json" else "an a"  # caption and tags are joined by a comma
    assert captions(done) == {"a.png": an_a, "b.JPG": "", "c.png": "a çé 猫"}
    assert done.refused == ()


def test_a_table_in_an_archive_gives_the_captions(workspace: Workspace, tmp_path: Path) -> None:
    folder = three(tmp_path / "drop")
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(tmp_path))
        archive.writestr("drop/metadata.jsonl", TABLES["metadata.jsonl"])
    done = import_pictures(workspace, "set", [tmp_path / "set.zip"])
    assert captions(done) == {"a.png": "an a", "b.JPG": "", "c.png": "a çé 猫"}


def test_a_caption_beside_the_picture_comes_before_all_others(workspace: Workspace, tmp_path: Path) -> None:
    folder = three(tmp_path / "drop")
    for name, words in (("a.txt", "txt"), ("a.caption", "caption"), ("b.caption", "of kohya")):
        (folder / name).write_text(words, encoding="utf-8")
    (folder / "a.json").write_text('{"caption": "json"}', encoding="utf-8")
    (folder / "deep" / "c.png.json").write_text('{"tags": ["one", "two"]}', encoding="utf-8")
    (folder / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "table"}', encoding="utf-8")
    done = import_pictures(workspace, "set", [folder])
    assert captions(done) == {"a.png": "txt", "b.JPG": "of kohya", "c.png": "one, two"}


def test_a_table_gives_captions_to_the_pictures_that_are_here(workspace: Workspace, tmp_path: Path) -> None:
    import_pictures(workspace, "set", [three(tmp_path / "drop")])
    table = tmp_path / "metadata.jsonl"
    table.write_text(TABLES["metadata.jsonl"], encoding="utf-8")
    done = import_pictures(workspace, "set", [table])
    assert done.refused == ()
    assert read_caption(done.folder / "a.png") == "an a"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("metadata.jsonl", b'{"file_name": "a.png", "text": "an a"}\n{broken'),
        ("metadata.jsonl", b"[1, 2]\n3"),
        ("metadata.csv", b"\xff\xfe\x00"),
        ("x.json", b'"words"'),
        ("x.json", b"[1]"),
        ("x.json", b"\x00"),
    ],
)
def test_a_table_that_cannot_be_read_is_told(
    workspace: Workspace, tmp_path: Path, name: str, content: bytes
) -> None:
    folder = three(tmp_path / "drop")
    (folder / name).write_bytes(content)
    done = import_pictures(workspace, "set", [folder])
    assert len(done.added) == 3
    assert f"{name} cannot be read as captions" in told(done)


def test_kohya_s_folder_names_become_hints(workspace: Workspace, tmp_path: Path) -> None:
    samples.picture(tmp_path / "img" / "10_zwx cat" / "a.png", size=(1, 9))
    samples.picture(tmp_path / "img" / "2_zwx cat" / "a.png", size=(2, 9))
    samples.picture(tmp_path / "img" / "1_zwx cat" / "b.png", size=(3, 9))
    done = import_pictures(workspace, "cats", [tmp_path / "img"])
    found = hints(done.folder)
    assert (found.trigger, found.class_word) == ("zwx", "cat")
    assert {path.name: found.repeats_of(path) for path in done.added} == {
        "b.png": 1,
        "a.png": 2,
        "a 2.png": 10,
    }
    samples.picture(tmp_path / "5_other dog" / "c.png", size=(4, 9))
    import_pictures(workspace, "cats", [tmp_path / "5_other dog"])
    assert (hints(done.folder).trigger, hints(done.folder).repeats["c.png"]) == ("zwx", 5)


def test_of_a_whole_project_of_kohya_s_only_the_training_pictures_come(
    workspace: Workspace, tmp_path: Path
) -> None:
    for place in ("img/10_zwx cat", "reg/1_cat", "model/sample"):
        samples.picture(tmp_path / "project" / place / f"{place[0]}.png")
    done = import_pictures(workspace, "cats", [tmp_path / "project"])
    assert [path.name for path in done.added] == ["i.png"]
    assert "Of project only img was brought in, without model, reg" in told(done)


def test_a_folder_in_place_takes_up_what_other_programs_wrote(tmp_path: Path) -> None:
    folder = three(tmp_path / "drop")
    (folder / "metadata.jsonl").write_text(TABLES["metadata.jsonl"], encoding="utf-8")
    (folder / "b.caption").write_text("of kohya", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    (folder / "a.txt").write_text("mine", encoding="utf-8")
    assert captions_elsewhere(folder) == {folder / "b.JPG": "of kohya"}
    adopt_captions(folder)
    assert [picture.caption for picture in open_dataset(folder).pictures] == ["mine", "of kohya"]
    adopt_captions(folder, replace=True)
    assert [picture.caption for picture in open_dataset(folder).pictures] == ["an a", "of kohya"]
    undo(folder)
    assert read_caption(folder / "a.png") == "mine"
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before, "nothing but sidecars is written"


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    pyarrow = pytest.importorskip("pyarrow", reason="the datasets extra is not installed")
    from pyarrow.parquet import write_table

    write_table(pyarrow.Table.from_pylist(rows), path, row_group_size=2)
    return path


def encoded(number: int, kind: str = "PNG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (10 + number, 10), "red").save(content, kind)
    return content.getvalue()


def test_a_parquet_file_gives_pictures_and_captions(workspace: Workspace, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"image": {"bytes": encoded(n, kind), "path": name}, "text": f"number {n}", "other": n}
        for n, (kind, name) in enumerate(
            [("PNG", "cat.png"), ("JPEG", None), ("WEBP", "cat.webp"), ("PNG", "")]
        )
    ]
    rows.append({"image": {"bytes": None, "path": str(samples.picture(tmp_path / "mine.png"))}, "text": "x"})
    rows.append({"image": {"bytes": b"no picture", "path": "bad.png"}, "text": None})
    seen: list[tuple[int, int]] = []
    done = import_pictures(
        workspace,
        "set",
        [parquet(tmp_path / "train.parquet", rows)],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert captions(done) == {
        "cat.png": "number 0",
        "train 2.jpg": "number 1",
        "cat 2.webp": "number 2",
        "train 4.png": "number 3",
    }
    assert "mine.png is not in this file" in told(done), "no row may fetch a file of this machine"
    assert "bad.png is not a picture" in told(done)
    assert seen[0] == (0, 6) and seen[-1] == (6, 6)


def test_a_parquet_file_may_hold_bare_bytes(workspace: Workspace, tmp_path: Path) -> None:
    rows = [{"jpg": encoded(0, "JPEG"), "caption": "bare"}]
    done = import_pictures(workspace, "set", [parquet(tmp_path / "x.parquet", rows)])
    assert captions(done) == {"x 1.jpg": "bare"}


def test_a_parquet_file_that_is_none_is_told(workspace: Workspace, tmp_path: Path) -> None:
    good = parquet(tmp_path / "good.parquet", [{"image": encoded(n)} for n in range(9)])
    torn = tmp_path / "torn.parquet"
    content = bytearray(good.read_bytes())
    content[4:200] = bytes(196)
    torn.write_bytes(content)
    words = parquet(tmp_path / "words.parquet", [{"text": "only words"}])
    bad = samples.text_named_png(tmp_path / "bad.parquet")
    done = import_pictures(workspace, "set", [bad, words, torn, samples.picture(tmp_path / "cat.png")])
    assert "cat.png" in captions(done)
    assert all(name in told(done) for name in ("bad.parquet", "There are no pictures in words.parquet"))
    assert "torn" in told(done)


def test_without_the_extra_a_sentence_says_what_to_install(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pyarrow", "pyarrow.parquet", "datasets"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    done = import_pictures(workspace, "set", [tmp_path / "x.parquet"])
    assert "pip install datasets" in told(done) and isinstance(done.refused[0], PictureError)
    with pytest.raises(DatasetError, match="pip install datasets"):
        import_hub_dataset(workspace, "set", "someone/something")


def test_a_dataset_comes_through_the_hub_s_library(workspace: Workspace, tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the datasets extra is not installed")
    folder = three(tmp_path / "hub")
    (folder / "metadata.jsonl").write_text(
        "".join(
            f'{{"file_name": "{name}", "text": "of {name}"}}\n' for name in ("a.png", "b.JPG", "deep/c.png")
        ),
        encoding="utf-8",
    )
    done = import_hub_dataset(workspace, "set", str(folder), most=2)
    assert len(done.added) == 2
    assert all(words.startswith("of ") for words in captions(done).values())
    again = import_hub_dataset(workspace, "set", str(folder))
    assert len(again.added) == 1 and "already" in told(again)


def test_a_dataset_that_is_not_there_is_told(workspace: Workspace, tmp_path: Path) -> None:
    pytest.importorskip("datasets", reason="the datasets extra is not installed")
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "x.csv").write_text("text\nhello\n", encoding="utf-8")
    for name in (str(tmp_path / "words"), str(tmp_path / "no such"), "someone/something"):
        with pytest.raises(StudioError, match=r"no pictures|There is no dataset|cannot be"):
            import_hub_dataset(workspace, "set", name)
    assert not (workspace.datasets / "set").exists()
