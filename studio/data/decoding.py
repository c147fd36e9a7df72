"""Decoding: a picture file opened by its content, and a sentence for whatever is wrong with it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from studio.errors import PictureError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")
BRANDS = (b"ftyphei", b"ftyphev", b"ftypmif", b"ftypavi")
"""What follows the first four bytes of HEIC pictures and, the last of them, of AVIF."""

DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, RuntimeError, struct.error)
"""What the decoders are known to raise for files that are damaged."""


@contextmanager
def decoding(path: Path, name: str) -> Iterator[Image.Image]:
    """The picture in a file, for as long as the block runs; what fails in it is told of `name`."""
    with explaining(path, name), Image.open(path, formats=_formats()) as image:
        yield image


@contextmanager
def explaining(path: Path, name: str) -> Iterator[None]:
    """Make a `PictureError` of whatever stops a picture from being read in the block."""
    try:
        yield
    except FileNotFoundError:
        raise PictureError(f"{name} is no longer there") from None
    except Image.DecompressionBombError:
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000
        raise PictureError(
            f"{name} is too large",
            why=f"It has more than {limit} million pixels",
            remedy="Save a smaller copy.",
        ) from None
    except UnidentifiedImageError:
        raise _unknown(path, name) from None
    except DAMAGE as fault:
        if isinstance(fault, OSError) and fault.errno:  # the system's word, not the decoder's
            raise PictureError(f"{name} cannot be read", why=fault.strerror or "") from fault
        raise _damaged(name) from fault


@cache
def _formats() -> tuple[str, ...]:
    """The formats that are read; HEIC only where pillow-heif is installed."""
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return FORMATS
    register_heif_opener()
    return (*FORMATS, "HEIF")


def _unknown(path: Path, name: str) -> PictureError:
    """Why no decoder takes a file: it is empty, or damaged at its beginning, or no picture at all."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        return PictureError(f"{name} is empty", remedy="Export or download it again.")
    if head[4:].startswith(BRANDS[:-1]) and "HEIF" not in _formats():
        return PictureError(
            f"{name} is a HEIC picture, which cannot be read here",
            remedy="Save it as JPEG, or install pillow-heif.",
        )
    if head.startswith(BEGINNINGS[-2:]):
        return PictureError(
            f"{name} cannot be read",
            why="It is damaged, or a kind of TIFF that is not known here",
            remedy="Save it again as PNG.",
        )
    if head.startswith(BEGINNINGS) or head[4:].startswith(BRANDS) or head[8:] == b"WEBP":
        return _damaged(name)
    return PictureError(
        f"{name} is not a picture",
        why="Its content is none of the formats that are read, whatever its name says",
        remedy="Remove it, or save it again as JPEG or PNG.",
    )


def _damaged(name: str) -> PictureError:
    return PictureError(
        f"{name} is damaged", why="Not all of it can be decoded", remedy="Export or download it again."
    )
