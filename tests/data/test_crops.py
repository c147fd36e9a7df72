from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from PIL import Image

from studio.data.buckets import fit, kept
from studio.data.captions import redo, undo
from studio.data.cropping import set_crop
from studio.data.crops import Crop, crop_of, crops
from studio.errors import PictureError
from tests.data import samples


def test_a_crop_is_kept_beside_the_picture_and_changes_nothing_in_it(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    content = picture.read_bytes()
    assert crop_of(picture) is None
    set_crop(picture, Crop(0.25, 0, 1, 0.5))
    assert crop_of(picture) == Crop(0.25, 0, 1, 0.5)
    set_crop(picture, Crop(0, 0, 0.5, 0.5))
    assert crops(tmp_path) == {"cat.png": Crop(0, 0, 0.5, 0.5)}
    set_crop(picture, None)
    assert crop_of(picture) is None and picture.read_bytes() == content


def test_crops_are_taken_back_one_by_one(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    first, second = Crop(0.1234567, 0, 1, 0.5), Crop(0, 0, 0.5, 0.5)
    for crop in (first, second, second, None):
        set_crop(picture, crop)
    kept = [crop_of(picture) for _ in range(3) if undo(tmp_path)]
    assert kept == [second, Crop(0.12346, 0, 1, 0.5), None]
    assert undo(tmp_path) is None
    redo(tmp_path)
    assert crop_of(picture) == kept[1]


def test_a_crop_that_was_changed_by_hand_meanwhile_is_left_alone(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    set_crop(picture, Crop(0, 0, 0.5, 0.5))
    (tmp_path / ".history" / "crops.json").write_text('{"cat.png": [0, 0, 0.25, 1]}', encoding="utf-8")
    taken = undo(tmp_path)
    assert taken is not None and taken.kept == ("cat.png",)
    assert crop_of(picture) == Crop(0, 0, 0.25, 1)


def test_a_name_counts_however_its_accents_are_spelt(tmp_path: Path) -> None:
    set_crop(tmp_path / unicodedata.normalize("NFD", "café 🦊.png"), Crop(0, 0, 0.5, 1))
    assert crop_of(tmp_path / unicodedata.normalize("NFC", "café 🦊.png")) == Crop(0, 0, 0.5, 1)


@pytest.mark.parametrize(
    "sides", [(-0.1, 0, 1, 1), (0, 0, 1.1, 1), (0.5, 0, 0.5, 1), (0.9, 0, 0.1, 1), (0, 0, 1, float("nan"))]
)
def test_what_is_no_rectangle_inside_the_picture_is_refused(sides: tuple[float, ...]) -> None:
    with pytest.raises(PictureError):
        Crop(*sides)


@pytest.mark.parametrize(
    "content", ["", "[1]", '{"cat.png": [0]}', '{"cat.png": "all"}', '{"cat.png": [0,0,2,1]}']
)
def test_a_damaged_record_counts_as_none(content: str, tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    set_crop(picture, Crop(0, 0, 0.5, 1))
    (tmp_path / ".history" / "crops.json").write_text(content, encoding="utf-8")
    assert crop_of(picture) is None


def test_a_crop_is_the_same_part_at_any_scale() -> None:
    crop = Crop(0.5, 0.25, 1, 1)
    assert crop.size((400, 200)) == (200, 150)
    image = Image.linear_gradient("L")
    large = crop.of(image.resize((1024, 1024)))
    assert large.size == (512, 768)
    assert abs(large.getpixel((0, 0)) - 64) <= 1
    assert Crop(0, 0, 0.03, 0.03).size((10, 10)) == (1, 1)


@pytest.mark.parametrize("size", [(1411, 1411), (977, 1481), (335, 503), (1, 3000), (640, 427)])
@pytest.mark.parametrize("bucket", [(128, 128), (96, 160), (832, 1216)])
def test_what_a_bucket_keeps_lies_inside_the_picture(size: tuple[int, int], bucket: tuple[int, int]) -> None:
    left, top, right, bottom = kept(size, bucket)
    assert min(left, top) >= 0 and right <= size[0] and bottom <= size[1]
    assert (right - left) / (bottom - top) == pytest.approx(bucket[0] / bucket[1])
    assert fit(Image.new("RGB", size), bucket).size == bucket
