"""The header of an adapter file, with the limits that such files keep."""

from __future__ import annotations

from pathlib import Path

from studio.errors import AdapterError
from studio.models.header import Header, TensorInfo, Unreadable
from studio.models.header import read_header as read_any_header

__all__ = ["Header", "TensorInfo", "damaged", "read_header"]

LARGEST_HEADER = 16 * 2**20
MOST_TENSORS = 20_000


def read_header(path: Path) -> Header:
    """Read and check the header; raises `AdapterError` naming the file and what is wrong with it."""
    if path.suffix.lower() != ".safetensors":
        raise AdapterError(
            f"{path.name} is not opened",
            why="Only .safetensors files are; other formats can run programs hidden in them",
            remedy="Look for a .safetensors version of it, or let the studio convert it.",
        )
    try:
        return read_any_header(path, largest=LARGEST_HEADER, most=MOST_TENSORS)
    except Unreadable as fault:
        raise damaged(path, str(fault)) from None
    except OSError as fault:
        raise AdapterError(f"{path.name} cannot be read", why=fault.strerror or str(fault)) from None


def damaged(path: Path, why: str) -> AdapterError:
    """The fault of a file that cannot be what it says it is."""
    return AdapterError(f"{path.name} is damaged", why=why, remedy="Download or export it again.")
