from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from studio.data.dataset import open_dataset
from studio.data.masks import mask_from_alpha, mask_of, open_mask, remove_mask, write_mask
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


def test_the_mask_before_is_kept(tmp_path: Path) -> None:
    picture = samples.picture(tmp_path / "cat.png")
    for value in (10, 20, 30):
        write_mask(picture, grey(value))
    remove_mask(picture)
    assert mask_of(picture) is None
    old = sorted((tmp_path / ".history" / "masks").iterdir())
    assert [Image.open(file).getpixel((0, 0)) for file in old] == [20, 30, 10]  # "… 2", "… 3", then the first


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
