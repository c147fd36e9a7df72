"""The header of a `.safetensors` file: names, shapes and metadata, read without trust and without torch.

The format: eight bytes with the header's length, the header in JSON, then the tensors' bytes
(https://huggingface.co/docs/safetensors). Everything is checked against the file's true size
before memory is taken for it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

MOST_DIMENSIONS, LARGEST_NUMBER = 8, 2**48
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip


class Unreadable(Exception):
    """What is wrong with a file, in half a sentence; who reads it says what that means to the person."""


class TensorInfo(NamedTuple):
    """One tensor as the header announces it; `start` and `end` count from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a file announces: tensors by name, metadata, and where the tensors' bytes begin."""

    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]
    data_start: int


def read_header(path: Path, *, largest: int, most: int) -> Header:
    """Read and check the header, of at most `largest` bytes and `most` tensors.

    Raises `Unreadable`, and `OSError` where the system refuses the file.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise Unreadable("It is cut off, or no .safetensors file at all")
        if length > largest:
            raise Unreadable("Its table of contents is far larger than any such file's")
        text = file.read(length)
    if text.count(b'"data_offsets"') > most:
        raise Unreadable(f"It lists more than {most:,} tensors, which no such file has")
    return _parse(text, size)


def _parse(text: bytes, size: int) -> Header:
    try:
        content = json.loads(text)
        metadata = content.pop("__metadata__", {})
        tensors = {name: _tensor(fields) for name, fields in content.items()}
        texts = {key: value for key, value in metadata.items() if isinstance(value, str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unreadable("Its table of contents cannot be read") from None
    header = Header(tensors, texts, 8 + len(text))
    _check_extents(header, size)
    return header


def _tensor(fields: Mapping[str, Any]) -> TensorInfo:
    start, end = fields["data_offsets"]
    info = TensorInfo(fields["dtype"], tuple(fields["shape"]), start, end)
    if len(info.shape) > MOST_DIMENSIONS:
        raise ValueError("too many dimensions")
    for number in (*info.shape, start, end):
        if type(number) is not int or not 0 <= number < LARGEST_NUMBER:
            raise ValueError("a shape or an offset is impossible")
    size = BYTES.get(info.dtype)  # of a type that is newer than this list, only the extents are checked
    if not isinstance(info.dtype, str) or (size and math.prod(info.shape) * size != end - start):
        raise ValueError("a tensor's size and shape disagree")
    return info


def _check_extents(header: Header, size: int) -> None:
    """The tensors must follow one another and fill the file exactly, as the format demands."""
    place = 0
    for info in sorted(header.tensors.values(), key=lambda each: (each.start, each.end)):
        if info.start != place or info.end < info.start:
            raise Unreadable("Its tensors overlap or leave gaps")
        place = info.end
    there = size - header.data_start
    if place > there:
        raise Unreadable(f"It is cut off: {(place - there) / 1e6:.1f} MB are missing at its end")
    if place < there:
        raise Unreadable("Something follows its end")
