"""What the doctor's buttons do, and the way back."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from studio.data.captions import read_caption, write_caption
from studio.data.crops import Crop, crop_of
from studio.data.dataset import open_dataset
from studio.data.doctor import mend, mends
from studio.data.masks import mask_of, write_mask
from studio.errors import StudioError
from tests.data import samples


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with captions, the first with a mask."""
    for name in ("a", "b"):
        write_caption(samples.picture(tmp_path / "d" / f"{name}.png"), f"picture {name}", by="hand")
    write_mask(tmp_path / "d" / "a.png", Image.new("L", (40, 30), "white"))
    return tmp_path / "d"


def no_bin(file: object) -> None:
    raise OSError("there is no bin")


def test_removed_pictures_go_to_the_bin_with_all_that_is_theirs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bin = tmp_path / "bin"
    bin.mkdir()
    monkeypatch.setattr(mends, "send2trash", lambda file: Path(file).rename(bin / Path(file).name))
    assert "moved to the bin" in mend(folder, "remove", {"pictures": ["a.png"]})
    assert sorted(path.name for path in bin.iterdir()) == ["a-masklabel.png", "a.png", "a.txt"]
    assert [picture.path.name for picture in open_dataset(folder).pictures] == ["b.png"]


def test_without_a_bin_they_are_put_aside_and_come_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mends, "send2trash", no_bin)
    assert "put aside" in mend(folder, "remove", {"pictures": ["a.png"]})
    assert mends.put_aside(folder) == ["a.png"]
    assert [picture.path.name for picture in open_dataset(folder).pictures] == ["b.png"]
    assert mend(folder, "bring_back", {}) == "1 picture is back."
    assert read_caption(folder / "a.png") == "picture a"
    assert mask_of(folder / "a.png") is not None
    assert mends.put_aside(folder) == []


def test_a_caption_that_another_picture_shares_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.picture(folder / "a.jpg")
    monkeypatch.setattr(mends, "send2trash", no_bin)
    mend(folder, "remove", {"pictures": ["a.jpg"]})
    assert read_caption(folder / "a.png") == "picture a"


def test_what_comes_back_takes_nobody_s_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mends, "send2trash", no_bin)
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
