"""Pictures: opened as plain RGB whatever they were, and refused in a sentence when they cannot be."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from PIL import ExifTags, Image, ImageColor, ImageOps

from studio.data.colours import flattened
from studio.data.decoding import DAMAGE, decoding, explaining
from studio.data.endings import ends_well
from studio.data.hashes import picture_hash
from studio.data.hints import hints
from studio.workspace import safe_name, writing

SUFFIXES = (
    ".jpg", ".jpeg", ".png", ".webp", ".avif", ".bmp", ".tif", ".tiff", ".gif", ".heic", ".heif",
)  # fmt: skip
MASK = "-masklabel"  # the end of the name of a picture's mask, as other trainers write it


def is_picture(path: Path) -> bool:
    """Whether this is the name of a picture to train on: not a hidden file, not a mask."""
    shown = not path.name.startswith(".") and not path.stem.endswith(MASK)
    return shown and path.suffix.lower() in SUFFIXES


def open_picture(path: Path, *, background: str | None = None, at_least: int = 0) -> Image.Image:
    """The picture in 8-bit sRGB, turned as its EXIF says, transparency flattened on `background`.

    Without one, on the colour that was picked for its dataset. With `at_least`, it may come smaller
    than it is, as long as both sides keep that many pixels; that is quicker and needs less memory.
    Of an animation, the first frame. Raises `PictureError`.
    """
    background = background or hints(path.parent).background
    ImageColor.getrgb(background)  # a wrong colour is no fault of the picture
    with decoding(path, path.name) as image:
        if at_least:
            image.draft("RGB", (at_least, at_least))
        image.load()
        plain = flattened(turned(image), background)
    factor = min(plain.size) // at_least if at_least else 1
    return plain.reduce(factor) if factor > 1 else plain


def probe(path: Path, *, title: str = "") -> tuple[int, int]:
    """Width and height, as they are seen, of a picture whose file is whole; raises `PictureError`.

    A look at the beginning and the end of the file is enough for most; the rest is decoded.
    `title` is the name for the sentence, where it is not the file's own.
    """
    with explaining(path, title or path.name):
        stat = path.stat()
        return _probed(path, title or path.name, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=20_000)
def _probed(path: Path, title: str, size: int, modified: int) -> tuple[int, int]:
    with decoding(path, title) as image:
        if not ends_well(path, image):
            image.load()
        width, height = image.size
        sideways = image.format != "TIFF" and _orientation(image) >= 5  # whose size is as seen already
    return (height, width) if sideways else (width, height)


def thumbnail(path: Path, cache: Path, side: int = 384) -> Path:
    """A JPEG of at most `side` pixels each way, in `cache`/thumbnails; made once for the same content."""
    background = hints(path.parent).background
    ground = "" if background == "white" else f"-{safe_name(background)}"
    target = cache / "thumbnails" / f"{picture_hash(path, cache)[:32]}-{side}{ground}.jpg"
    if not target.exists():
        small = open_picture(path, background=background, at_least=side)
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        with writing(target, "wb") as file:
            small.save(cast(IO[bytes], file), "JPEG", quality=85)
    return target


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 (upright) to 8; damaged EXIF counts as none."""
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # looking further would decode all of it
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGE:
        return 1


def turned(image: Image.Image) -> Image.Image:
    """The image as its EXIF says it is seen; damaged EXIF counts as none."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGE:  # the pixels are sound, only the EXIF is not
        return image
