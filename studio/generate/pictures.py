"""Picture files with texts in them: PNG in chunks of its own, JPEG and WebP in their EXIF."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from studio.errors import PictureError
from studio.workspace import writing

if TYPE_CHECKING:
    from PIL.Image import Image

EXIF, USER_COMMENT, DESCRIPTION = 0x8769, 0x9286, 0x010E
OURS = "studio: "
"""What stands before our own recipe in a JPEG's or WebP's image description."""
PARAMETERS, WHOLE = "parameters", "studio"
MOST_EXIF = 65_000  # bytes that a JPEG can hold; with more, the parameters alone are kept


def save_picture(image: Image, path: Path, texts: Mapping[str, str]) -> None:
    """Write a picture in the format of its suffix with these texts in it, whole or not at all."""
    options = _png(texts) if path.suffix == ".png" else _lossy(path.suffix, texts)
    with writing(path, "wb") as file:
        image.save(cast("IO[bytes]", file), **options)


def read_texts(path: Path) -> dict[str, str]:
    """The texts in a picture; its pixels are not read. Raises `PictureError` if it is no picture."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            texts = {str(name): value for name, value in picture.info.items() if isinstance(value, str)}
            exif = picture.getexif()
            comment, described = exif.get_ifd(EXIF).get(USER_COMMENT), exif.get(DESCRIPTION)
            texts |= {f"exif:{tag}": value for tag, value in exif.items() if isinstance(value, str)}
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PictureError(
            f"{path.name} cannot be read as a picture", remedy="Choose a PNG, JPEG or WebP file."
        ) from None
    if isinstance(comment, bytes):
        texts.setdefault(PARAMETERS, _comment(comment))
    elif isinstance(comment, str):
        texts.setdefault(PARAMETERS, comment)
    if isinstance(described, str) and described.startswith(OURS):
        texts.setdefault(WHOLE, described.removeprefix(OURS))
    return texts


def _png(texts: Mapping[str, str]) -> dict[str, Any]:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    for name, text in texts.items():
        chunks.add_text(name, text)
    return {"format": "PNG", "pnginfo": chunks}


def _lossy(suffix: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """As A1111 writes it, in UTF-16; our own in ASCII, with other letters as JSON escapes them."""
    import json

    from PIL import Image

    exif = Image.Exif()
    exif.get_ifd(EXIF)[USER_COMMENT] = b"UNICODE\0" + texts.get(PARAMETERS, "").encode("utf-16-be")
    whole = OURS + json.dumps(json.loads(texts[WHOLE])) if WHOLE in texts else ""
    if whole and (suffix == ".webp" or len(whole) + len(exif.tobytes()) < MOST_EXIF):
        exif[DESCRIPTION] = whole
    quality = {"format": "WEBP", "quality": 92} if suffix == ".webp" else {"format": "JPEG", "quality": 95}
    return {**quality, "exif": exif.tobytes()}


def _comment(comment: bytes) -> str:
    """EXIF names the encoding in the first eight bytes; A1111 writes UTF-16, big end first."""
    encoding = "utf-16-be" if comment.startswith(b"UNICODE") else "utf-8"
    return comment[8:].decode(encoding, errors="replace")
