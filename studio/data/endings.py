"""Endings: whether a file is all there, by a look at its beginning and its end instead of decoding it."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
from PIL import Image

STRIPS, TILES = (273, 279), (324, 325)
"""TIFF tags of where the pixels lie in the file, and of how many bytes they take there."""

JPEG_END = b"\xff\xd9"
NOISE = bytes(range(16, 240, 5))
"""Means nothing behind the last pixel of a JPEG, and colours where pixels are missing."""


def ends_well(path: Path, image: Image.Image) -> bool:
    """Whether the file ends as a whole one of this format does; False also when that cannot be told."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(12)
        file.seek(-min(64, size), io.SEEK_END)
        tail = file.read()
        match image.format:
            case "JPEG" | "MPO":
                return tail.rstrip(b"\0").endswith(JPEG_END)
            case "PNG":
                return b"IEND\xaeB`\x82" in tail
            case "WEBP":
                return size >= int.from_bytes(head[4:8], "little") + 8
            case "GIF":
                return tail.rstrip(b"\0").endswith(b";")
            case "BMP":
                return size >= int.from_bytes(head[2:6], "little") > 54
            case "AVIF" | "HEIF":
                return _boxes_end(file) == size
            case "TIFF":
                return _last_pixels(image) in range(1, size + 1)
            case _:
                return False


def _boxes_end(file: IO[bytes]) -> int:
    """Where the last of the boxes ends (ISO 14496-12, section 4.2) that begin in the file."""
    place, size = 0, os.fstat(file.fileno()).st_size
    while place < size:
        file.seek(place)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:], "big")
        if length < 8:  # 0: to the end of the file, wherever that should be
            return -1
        place += length
    return place


def _last_pixels(image: Image.Image) -> int:
    """Where the last of a TIFF's pixels ends."""
    tags: Any = getattr(image, "tag_v2", {})
    ends = [
        place + count
        for where, how_many in (STRIPS, TILES)
        for place, count in zip(tags.get(where, ()), tags.get(how_many, ()), strict=False)
    ]
    return max(ends, default=0)


def breaks_off(path: Path, image: Image.Image, side: int) -> bool:
    """Whether a JPEG was cut off and closed again, so that decoders paint the rest in one colour.

    `image` is the picture as it was decoded by a draft of `side` pixels. Where its lowest rows are plain
    (or only sharpness may be missing), it is decoded again with noise before its end: of a whole one,
    nothing changes.
    """
    if image.format != "JPEG":
        return False
    pixels = np.asarray(image)
    lowest = pixels[-max(2, len(pixels) // 100) :]
    if (lowest != lowest[-1:, -1:]).any() and not image.info.get("progressive"):
        return False
    content = path.read_bytes().rstrip(b"\0")
    if not content.endswith(JPEG_END):
        return False
    with Image.open(io.BytesIO(content[: -len(JPEG_END)] + NOISE + JPEG_END), formats=("JPEG",)) as again:
        again.draft("RGB", (side, side))
        return not np.array_equal(np.asarray(again), pixels)
