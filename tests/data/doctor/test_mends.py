"""What the doctor's buttons do, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data import removal
from studio.data.captions import read_caption, redo, undo, write_caption
from studio.data.crops import Crop, crop_of
from studio.data.dataset import open_dataset
from studio.data.doctor import mend
from studio.data.journal import Journal
from studio.data.masks import mask_of, write_mask
from studio.data.removal import put_aside
from studio.errors import StudioError
from tests.data import samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with captions, the first with a mask."""
    for name in ("a", "b"):
        write_caption(samples.picture(tmp_path / "d" / f"{name}.png"), f"picture {name}", by="hand")
    write_mask(tmp_path / "d" / "a.png", Image.new("L", (40, 30), "white"))
    return tmp_path / "d"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_what_is_taken_out_comes_back_byte_for_byte_with_undo(folder: Path) -> None:
    write_caption(folder / "b.png", "an older change", by="hand")
    before = files(folder)
    assert "Undo brings it back" in mend(folder, "remove", {"pictures": ["a.png"]})
    assert sorted(files(folder)) == ["b.png", "b.txt"]
    assert _aside(folder) == ["a.png"]
    change = undo(folder)
    assert change is not None and change.note == "Take out a.png" and not change.kept
    assert files(folder) == before
    assert redo(folder) is not None and sorted(files(folder)) == ["b.png", "b.txt"]
    assert undo(folder) is not None and undo(folder) is not None
    assert read_caption(folder / "b.png") == "picture b"
    assert read_caption(folder / "a.png") == "picture a"


def test_a_removal_that_a_crash_cut_off_is_finished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files(folder)
    rename = Path.rename

    def cut(self: Path, target: Path) -> Path:
        if self.suffix == ".txt":
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", cut)
    monkeypatch.setattr(Journal, "_take_back", lambda self, change: None)  # nor was there time for that
    with pytest.raises(KeyboardInterrupt):
        mend(folder, "remove", {"pictures": ["a.png"]})
    monkeypatch.setattr(Path, "rename", rename)
    assert undo(folder) is not None
    assert files(folder) == before


def test_undo_of_a_removal_that_went_to_the_bin_touches_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend(folder, "remove", {"pictures": ["a.png"]})
    monkeypatch.setattr(removal, "send2trash", lambda place: Path(place).rename(tmp_path / "binned"))
    assert mend(folder, "discard", {}) == "1 picture was moved to the bin of your system."
    assert sorted(path.name for path in (tmp_path / "binned").iterdir()) == [
        "a-masklabel.png",
        "a.png",
        "a.txt",
    ]
    change = undo(folder)
    assert change is not None and "a.png" in change.kept and not change.moves
    assert read_caption(folder / "b.png") == "picture b"


def test_without_a_bin_they_stay_where_they_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_bin(place: object) -> None:
        raise OSError("there is no bin")

    mend(folder, "remove", {"pictures": ["a.png"]})
    monkeypatch.setattr(removal, "send2trash", no_bin)
    with pytest.raises(StudioError, match="not moved to the bin"):
        mend(folder, "discard", {})
    assert mend(folder, "bring_back", {}) == "1 picture is back."
    assert mask_of(folder / "a.png") is not None
    assert _aside(folder) == []


def test_one_of_several_is_brought_back_by_its_name(folder: Path) -> None:
    mend(folder, "remove", {"pictures": ["a.png", "b.png"]})
    assert mend(folder, "bring_back", {"pictures": ["b.png"]}) == "1 picture is back."
    assert (_aside(folder), read_caption(folder / "b.png")) == (["a.png"], "picture b")


def test_a_caption_that_another_picture_shares_stays(folder: Path) -> None:
    samples.picture(folder / "a.jpg")
    mend(folder, "remove", {"pictures": ["a.jpg"]})
    assert read_caption(folder / "a.png") == "picture a"
    mend(folder, "remove", {"pictures": ["a.png"]})
    assert not (folder / "a.txt").exists()


def test_what_comes_back_takes_nobody_s_place(folder: Path) -> None:
    mend(folder, "remove", {"pictures": ["a.png"]})
    samples.picture(folder / "a.png", "blue")
    write_caption(folder / "a.png", "a newer one", by="hand")
    mend(folder, "bring_back", {})
    said = {picture.path.name: picture.caption for picture in open_dataset(folder).pictures}
    assert said == {"a.png": "a newer one", "a 2.png": "picture a", "b.png": "picture b"}


def test_a_crop_and_masks_can_be_set(folder: Path) -> None:
    mend(folder, "crop", {"picture": "b.png", "sides": [0.25, 0, 1, 1]})
    assert crop_of(folder / "b.png") == Crop(0.25, 0, 1, 1)
    clear = Image.new("RGBA", (40, 30), (255, 0, 0, 255))
    clear.putpixel((0, 0), (0, 0, 0, 0))
    clear.save(folder / "c.png")
    assert mend(folder, "alpha_masks", {"pictures": ["c.png"]}) == "1 mask was made."
    assert mask_of(folder / "c.png") is not None


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("explode", {}),
        ("remove", {"pictures": ["gone.png"]}),
        ("remove", {"pictures": ["../d/a.png"]}),
        ("crop", {"picture": "a.png", "sides": [0.5, 0, 0.2, 1]}),
    ],
)
def test_what_cannot_be_done_is_told_and_changes_nothing(
    action: str, arguments: dict[str, object], folder: Path
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(StudioError):
        mend(folder, action, arguments)
    assert sorted(path.name for path in folder.iterdir()) == before


def _aside(folder: Path) -> list[str]:
    return [name for name, _ in put_aside(folder)]
