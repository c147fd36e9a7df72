from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from studio.data.captions import redo, undo
from studio.data.dataset import open_dataset
from studio.data.masks import mask_file, mask_from_alpha, mask_of, open_mask, remove_mask, write_mask
from studio.errors import PictureError
from tests.data import samples


def grey(value: int, size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("L", size, value)


def test_a_mask_lies_beside_its_picture_and_is_none_of_the_dataset(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "my cat.JPG")
    assert mask_of(picture) is None and open_mask(picture) is None
    assert write_mask(picture, grey(200)) == tmp_path / "my cat-masklabel.png" == mask_of(picture)
    assert [one.path for one in open_dataset(tmp_path).pictures] == [picture]


def test_a_mask_takes_the_size_and_the_turn_of_the_picture_as_seen(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    picture = samples.picture(tmp_path / "turned.jpg", size=(40, 30), exif=exif)
    write_mask(picture, grey(255, (6, 8)))
    mask = open_mask(picture)
    assert mask is not None and mask.size == (30, 40) and mask.mode == "L"


def test_what_is_transparent_in_a_drawn_mask_is_black(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    drawn = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
    drawn.paste((255, 255, 255, 255), (0, 0, 20, 30))
    write_mask(picture, drawn)
    mask = open_mask(picture)
    assert mask is not None and (mask.getpixel((5, 5)), mask.getpixel((35, 5))) == (255, 0)


def test_the_masks_before_are_kept_and_brought_back_one_by_one(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    for value in (10, 20, 30):
        write_mask(picture, grey(value))
    first = mask_file(picture).read_bytes()
    remove_mask(picture)
    assert mask_of(picture) is None
    undo(tmp_path)
    assert mask_file(picture).read_bytes() == first
    assert [_value(picture) for _ in range(3) if undo(tmp_path)] == [20, 10, None]
    assert undo(tmp_path) is None
    assert [_value(picture) for _ in range(4) if redo(tmp_path)] == [10, 20, 30, None]


def test_strokes_of_one_group_are_taken_back_together(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    write_mask(picture, grey(10))
    for value in (20, 30):
        write_mask(picture, grey(value), group="painting")
    undo(tmp_path)
    assert _value(picture) == 10
    redo(tmp_path)
    assert _value(picture) == 30


def _value(picture: Path) -> object:
    mask = open_mask(picture)
    return mask and mask.getpixel((0, 0))


def test_a_mask_is_taken_from_what_can_be_seen(tmp_path: Path) -> None:
    picture = tmp_path / "clear.png"
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 30))
    image.save(picture)
    mask_from_alpha(picture)
    mask = open_mask(picture)
    assert mask is not None and (mask.getpixel((5, 5)), mask.getpixel((35, 5))) == (0, 255)


@pytest.mark.parametrize("alpha", [None, 255, 0])
def test_without_something_to_see_through_there_is_no_mask(alpha: int | None, tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    image = Image.new("RGB", (40, 30), "red")
    if alpha is not None:
        image.putalpha(alpha)
    image.save(picture)
    with pytest.raises(PictureError, match="Draw the mask"):
        mask_from_alpha(picture)
    assert mask_of(picture) is None


def test_a_picture_that_cannot_be_read_gets_no_mask(tmp_path: Path) -> None:
    picture = samples.text_named_png(tmp_path / "list.png")
    with pytest.raises(PictureError, match=r"list\.png"):
        write_mask(picture, grey(255))
    assert [path.name for path in tmp_path.iterdir()] == ["list.png"]
