"""The workspace: names are safe everywhere, and a file is written whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from studio.errors import DiskFull, StudioError, explain
from studio.workspace import Workspace, free_path, safe_name, writing


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("my fox", "my fox"),
        ("../../etc/passwd", "etc passwd"),
        ("a/b\\c:d", "a b c d"),
        ("  .hidden. ", "hidden"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        ("line\nbreak\x00", "line break"),
        ("狐🦊", "狐🦊"),
        ("", "untitled"),
        ("...", "untitled"),
    ],
)
def test_a_typed_name_becomes_a_file_name_on_every_system(typed: str, kept: str) -> None:
    assert safe_name(typed) == kept


def test_a_very_long_name_still_fits() -> None:
    assert 0 < len(safe_name("狐" * 500).encode()) <= 200


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    for _ in range(3):
        free_path(tmp_path / "fox.safetensors").touch()
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "fox 2.safetensors",
        "fox 3.safetensors",
        "fox.safetensors",
    ]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "caption.txt"
    file.write_text("a fox")
    with pytest.raises(OSError), writing(file) as half:
        half.write("a f")
        raise OSError(errno.ENOSPC, "full")
    assert file.read_text() == "a fox"
    assert os.listdir(tmp_path) == ["caption.txt"]


def test_line_ends_are_the_same_on_every_system(tmp_path: Path) -> None:
    with writing(tmp_path / "two.txt") as file:
        file.write("one\ntwo")
    assert (tmp_path / "two.txt").read_bytes() == b"one\ntwo"


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StudioError, match="file"):
        Workspace.open(tmp_path / "file")


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device", "fox.safetensors"),
        RuntimeError("SafetensorError: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_told_as_a_full_disk(fault: Exception) -> None:
    told = explain(fault)
    assert isinstance(told, DiskFull) and "Free some space" in str(told)


def test_the_inside_of_the_studio_never_reaches_the_person() -> None:
    told = str(explain(KeyError("secret_inner_name")))
    assert "secret_inner_name" not in told and "KeyError" not in told
