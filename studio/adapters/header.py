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

from studio.errors import AdapterError

LARGEST_HEADER = 16 * 2**20
MOST_TENSORS = 20_000
MOST_DIMENSIONS, LARGEST_NUMBER = 8, 2**48
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip


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


def read_header(path: Path) -> Header:
    """Read and check the header; raises `AdapterError` naming the file and what is wrong with it."""
    if path.suffix.lower() != ".safetensors":
        raise AdapterError(
            f"{path.name} is not opened",
            why="Only .safetensors files are; other formats can run programs hidden in them",
            remedy="Look for a .safetensors version of it.",
        )
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(0)
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > size - 8:
                raise damaged(path, "It is cut off, or no .safetensors file at all")
            if length > LARGEST_HEADER:
                raise damaged(path, "Its table of contents is far larger than any adapter's")
            text = file.read(length)
    except OSError as fault:
        raise AdapterError(f"{path.name} cannot be read", why=fault.strerror or str(fault)) from None
    return _parse(path, text, size)


def damaged(path: Path, why: str) -> AdapterError:
    """The fault of a file that cannot be what it says it is."""
    return AdapterError(f"{path.name} is damaged", why=why, remedy="Download or export it again.")


def _parse(path: Path, text: bytes, size: int) -> Header:
    if text.count(b'"data_offsets"') > MOST_TENSORS:
        raise damaged(path, f"It lists more than {MOST_TENSORS:,} tensors, which no adapter has")
    try:
        content = json.loads(text)
        metadata = content.pop("__metadata__", {})
        tensors = {name: _tensor(fields) for name, fields in content.items()}
        texts = {key: value for key, value in metadata.items() if isinstance(value, str)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise damaged(path, "Its table of contents cannot be read") from None
    header = Header(tensors, texts, 8 + len(text))
    _check_extents(path, header, size)
    return header


def _tensor(fields: Mapping[str, Any]) -> TensorInfo:
    start, end = fields["data_offsets"]
    info = TensorInfo(fields["dtype"], tuple(fields["shape"]), start, end)
    if len(info.shape) > MOST_DIMENSIONS:
        raise ValueError("too many dimensions")
    for number in (*info.shape, start, end):
        if type(number) is not int or not 0 <= number < LARGEST_NUMBER:
            raise ValueError("a shape or an offset is impossible")
    if math.prod(info.shape) * BYTES[info.dtype] != end - start:
        raise ValueError("a tensor's size and shape disagree")
    return info


def _check_extents(path: Path, header: Header, size: int) -> None:
    """The tensors must follow one another and fill the file exactly, as the format demands."""
    place = 0
    for info in sorted(header.tensors.values(), key=lambda each: (each.start, each.end)):
        if info.start != place:
            raise damaged(path, "Its tensors overlap or leave gaps")
        place = info.end
    if place != size - header.data_start:
        raise damaged(
            path, "It is cut off" if place > size - header.data_start else "Something follows its end"
        )
