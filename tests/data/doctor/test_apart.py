"""Pictures that are alike and all stay are found once, until one of them changes."""

from __future__ import annotations

from pathlib import Path

from studio.data.doctor.mends import mend
from studio.workspace import Workspace
from tests.data.doctor import ordinary
from tests.data.doctor.examined import PHOTOS, found, look, save


def test_twins_that_both_stay_are_not_found_again(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["lion"]
    folder = save(tmp_path / "twins", {"one": photo, "other": ordinary.mirrored(photo)})
    assert found(look(workspace, folder), "duplicates") == ["one", "other"]
    told = mend(folder, "keep_all", {"groups": [["one.png", "other.png"]]})
    assert told == "All 2 stay, and the check does not ask again."
    assert found(look(workspace, folder), "duplicates") == []
    save(folder, {"third": ordinary.halved(photo)})
    assert found(look(workspace, folder), "duplicates") == ["one", "other", "third"]


def test_a_picture_that_was_painted_over_is_looked_at_again(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["lion"]
    folder = save(tmp_path / "twins", {"one": photo, "other": ordinary.mirrored(photo)})
    mend(folder, "keep_all", {"groups": [["one.png", "other.png"]]})
    (folder / "other.png").unlink()
    save(folder, {"other": ordinary.halved(photo)})
    assert found(look(workspace, folder), "duplicates") == ["one", "other"]


def test_a_damaged_memory_is_none(workspace: Workspace, tmp_path: Path) -> None:
    photo = PHOTOS["lion"]
    folder = save(tmp_path / "twins", {"one": photo, "other": ordinary.mirrored(photo)})
    mend(folder, "keep_all", {"groups": [["one.png", "other.png"]]})
    (folder / ".history" / "apart.json").write_text("{[")
    assert found(look(workspace, folder), "duplicates") == ["one", "other"]
