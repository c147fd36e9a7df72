"""Pictures for tests: sound ones, and every kind of broken one that people really have."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from PIL import Image


def picture(path: Path, colour: str = "red", size: tuple[int, int] = (40, 30), **options: object) -> Path:
    """A picture of one colour, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, **options)
    return path


def truncated(path: Path) -> Path:
    """A JPEG whose download broke off."""
    whole = picture(path, size=(400, 300), quality=95).read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    return path


def text_named_png(path: Path) -> Path:
    path.write_text("a shopping list", encoding="utf-8")
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def bomb(path: Path) -> Path:
    """A PNG of a few bytes that says it has 60,000 × 60,000 pixels."""
    path.write_bytes(png(60_000, 60_000, 8, 2, b""))
    return path


def png(width: int, height: int, depth: int, colours: int, scanlines: bytes) -> bytes:
    """A PNG file written by hand, for kinds that Pillow does not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(scanlines)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
