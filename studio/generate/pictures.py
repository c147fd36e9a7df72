"""Picture files with texts in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.errors import PictureError
from studio.workspace import writing

if TYPE_CHECKING:
    from PIL.Image import Image

EXIF, USER_COMMENT = 0x8769, 0x9286  # where JPEG and WebP carry the parameters


def save_png(image: Image, path: Path, texts: Mapping[str, str]) -> None:
    """Write a PNG with these texts in it, whole or not at all."""
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    with writing(path, "wb") as file:
        image.save(cast("IO[bytes]", file), format="PNG", pnginfo=chunks)


def read_texts(path: Path) -> dict[str, str]:
    """The texts in a picture; its pixels are not read. Raises `PictureError` if it is no picture."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            texts = {str(name): value for name, value in picture.info.items() if isinstance(value, str)}
            comment = picture.getexif().get_ifd(EXIF).get(USER_COMMENT)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PictureError(
            f"{path.name} cannot be read as a picture", remedy="Choose a PNG, JPEG or WebP file."
        ) from None
    if isinstance(comment, bytes):
        texts.setdefault("parameters", _comment(comment))
    return texts


def _comment(comment: bytes) -> str:
    """EXIF names the encoding in the first eight bytes; A1111 writes UTF-16, big end first."""
    encoding = "utf-16-be" if comment.startswith(b"UNICODE") else "utf-8"
    return comment[8:].decode(encoding, errors="replace")
