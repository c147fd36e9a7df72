from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio.data.hashes import picture_hash
from studio.data.pictures import SUFFIXES, is_picture, open_picture, probe, thumbnail
from studio.errors import PictureError
from tests.data import samples


def colour(image: Image.Image) -> tuple[int, ...]:
    """The colour in the middle."""
    assert image.mode == "RGB"
    pixel = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return pixel


def close(one: tuple[int, ...], other: tuple[int, ...], by: int = 6) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= by


@pytest.mark.parametrize("suffix", [s for s in SUFFIXES if s not in (".heic", ".heif")])
def test_every_format_opens_in_its_colours(tmp_path: Path, suffix: str) -> None:
    path = samples.picture(tmp_path / f"cat{suffix.upper()}", "darkorange")
    assert close(colour(open_picture(path)), (255, 140, 0))
    assert probe(path) == (40, 30)


def test_heic_opens_or_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "phone.heic"
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        path.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
        with pytest.raises(PictureError, match=r"phone\.heic is a HEIC picture.*pillow-heif"):
            open_picture(path)
    else:
        register_heif_opener()
        samples.picture(path, "darkorange", (64, 64))
        assert close(colour(open_picture(path)), (255, 140, 0))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".avif"])
def test_a_picture_taken_sideways_is_seen_upright(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the right way up is a quarter turn clockwise
    path = tmp_path / f"tower{suffix}"
    taken = Image.new("RGB", (40, 20), "white")
    taken.paste("black", (0, 0, 20, 20))
    taken.save(path, exif=exif, **({} if suffix == ".tif" else {"quality": 95}))
    seen = open_picture(path)
    assert seen.size == probe(path) == (20, 40)
    assert close(seen.getpixel((10, 5)), (0, 0, 0), by=20)  # type: ignore[arg-type]


def test_transparency_shows_the_background(tmp_path: Path) -> None:
    ghost = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    ghost.putpixel((4, 4), (255, 0, 0, 128))
    ghost.save(tmp_path / "rgba.png")
    assert open_picture(tmp_path / "rgba.png").getpixel((0, 0)) == (255, 255, 255)
    assert colour(open_picture(tmp_path / "rgba.png", background="#00f")) == (128, 0, 127)

    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 255, 0, 255, 0, 0])
    palette.save(tmp_path / "palette.png", transparency=1)
    assert colour(open_picture(tmp_path / "palette.png", background="blue")) == (0, 0, 255)
    palette.save(tmp_path / "palette.gif", transparency=1)
    assert colour(open_picture(tmp_path / "palette.gif", background="blue")) == (0, 0, 255)

    Image.new("LA", (8, 8), (100, 0)).save(tmp_path / "grey.png")
    assert colour(open_picture(tmp_path / "grey.png", background="blue")) == (0, 0, 255)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 32_896, np.uint16)).save(tmp_path / "grey.png")
    Image.fromarray(np.full((8, 8), 32_896, np.uint16)).save(tmp_path / "grey.tif")
    Image.fromarray(np.full((8, 8), 0.5, np.float32)).save(tmp_path / "float.tif")
    scanline = b"\0" + np.array([65_535, 32_896, 0] * 8, ">u2").tobytes()
    (tmp_path / "colour.png").write_bytes(samples.png(8, 8, 16, 2, scanline * 8))
    for name in ("grey.png", "grey.tif", "float.tif"):
        assert close(colour(open_picture(tmp_path / name)), (128, 128, 128), by=1), name
    assert close(colour(open_picture(tmp_path / "colour.png")), (255, 128, 0), by=1)


def test_cmyk_and_black_and_white_become_rgb(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "print.jpg", quality=95)
    Image.new("1", (8, 8), 1).save(tmp_path / "fax.tif")
    assert close(colour(open_picture(tmp_path / "print.jpg")), (255, 0, 0), by=12)
    assert colour(open_picture(tmp_path / "fax.tif")) == (255, 255, 255)


def test_a_colour_profile_is_obeyed_and_a_wrong_one_ignored(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    samples.picture(tmp_path / "wrong.png", "red", icc_profile=lab)
    samples.picture(tmp_path / "broken.png", "red", icc_profile=b"no profile")
    for name in ("wrong.png", "broken.png"):
        assert colour(open_picture(tmp_path / name)) == (255, 0, 0)
    sixteen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = sixteen.replace(b"rXYZ", b"tXYZ").replace(b"bXYZ", b"rXYZ").replace(b"tXYZ", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "mine".encode("utf-16-be"))
    samples.picture(tmp_path / "swapped.png", "red", icc_profile=swapped)
    assert close(colour(open_picture(tmp_path / "swapped.png")), (0, 0, 255), by=10)


def test_the_first_frame_of_an_animation_is_the_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), name) for name in ("red", "blue")]
    frames[0].save(tmp_path / "dance.gif", save_all=True, append_images=frames[1:])
    assert colour(open_picture(tmp_path / "dance.gif")) == (255, 0, 0)


def test_a_single_pixel_is_a_picture(tmp_path: Path) -> None:
    path = samples.picture(tmp_path / "dot.png", "lime", (1, 1))
    assert colour(open_picture(path, at_least=64)) == (0, 255, 0)
    assert probe(path) == (1, 1)
    assert thumbnail(path, tmp_path / "cache").exists()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_large_picture_may_be_opened_smaller(tmp_path: Path, suffix: str) -> None:
    path = samples.picture(tmp_path / f"wall{suffix}", size=(1600, 1000))
    assert open_picture(path).size == (1600, 1000)
    assert min(open_picture(path, at_least=256).size) in range(256, 512)


@pytest.mark.parametrize(
    ("make", "name", "sentence"),
    [
        (samples.truncated, "half.jpg", r"half\.jpg is damaged"),
        (samples.text_named_png, "list.png", r"list\.png is not a picture"),
        (samples.empty, "nothing.webp", r"nothing\.webp is empty"),
        (samples.bomb, "bomb.png", r"bomb\.png is too large"),
        (lambda path: path, "gone.png", r"gone\.png is no longer there"),
        (lambda path: path.mkdir(), "folder.png", r"folder\.png cannot be read"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(
    tmp_path: Path, make: object, name: str, sentence: str
) -> None:
    path = tmp_path / name
    make(path)  # type: ignore[operator]
    for look in (open_picture, probe):
        with pytest.raises(PictureError, match=sentence):
            look(path)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".bmp", ".gif", ".tif", ".avif"])
def test_a_file_that_breaks_off_is_noticed_without_opening_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"half{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(path)
    assert probe(path) == (64, 64)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PictureError, match="is damaged"):
        probe(path)


@pytest.mark.filterwarnings("ignore")  # decoders warn of what they meet
def test_no_random_damage_raises_anything_but_a_sentence(tmp_path: Path) -> None:
    chance = np.random.default_rng(7)
    noise = chance.integers(0, 255, (24, 32, 3), np.uint8)
    for suffix in (".jpg", ".png", ".webp", ".gif", ".tif", ".bmp", ".avif"):
        path = tmp_path / f"x{suffix}"
        Image.fromarray(noise).save(path)
        whole = path.read_bytes()
        for _ in range(40):
            content = bytearray(whole)
            for place in chance.integers(0, min(len(whole), 300), 4):
                content[place] = chance.integers(0, 256)
            path.write_bytes(content)
            try:
                assert open_picture(path).mode == "RGB"
            except PictureError as fault:
                assert path.name in str(fault)


def test_hidden_files_and_masks_are_not_pictures() -> None:
    names = {"cat.JPG": True, "._cat.jpg": False, "cat-masklabel.png": False, "cat.txt": False, "cat": False}
    assert {name: is_picture(Path(name)) for name in names} == names


def test_a_thumbnail_is_made_once_for_the_same_content(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    path = samples.picture(tmp_path / "cat.jpg", "red", (800, 400))
    first = thumbnail(path, cache)
    with Image.open(first) as small:
        assert small.size == (384, 192)
    renamed = path.rename(tmp_path / "dog.jpg")
    assert thumbnail(renamed, cache) == first
    samples.picture(renamed, "blue", (800, 401))
    assert thumbnail(renamed, cache) != first
    with pytest.raises(PictureError, match=r"list\.png"):
        thumbnail(samples.text_named_png(tmp_path / "list.png"), cache)


def test_a_hash_tells_content_and_is_read_once(tmp_path: Path) -> None:
    one, other = (samples.picture(tmp_path / name) for name in ("one.png", "other.png"))
    assert picture_hash(one) == picture_hash(other)
    known = picture_hash(one, tmp_path / "cache")
    stat = one.stat()
    one.write_bytes(bytes(stat.st_size))  # same size and time: only reading it would tell
    os.utime(one, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert picture_hash(one, tmp_path / "cache") == known
    os.utime(one)
    assert picture_hash(one, tmp_path / "cache") != known
