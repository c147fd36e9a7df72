"""Layouts: the names, shapes and types of a model's weights, read from file headers alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.models import header as header_of
from studio.models.header import BYTES
from studio.models.parts import part_folders
from studio.models.source import Source

LARGEST_HEADER = 100_000_000  # bytes, as in the format's own library
MOST_TENSORS = 200_000


@dataclass(frozen=True)
class Entry:
    """One tensor of a file: its shape and its type as the file spells it ("F16")."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def size_bytes(self) -> int:
        """Bytes that it takes in the file."""
        return prod(self.shape) * BYTES.get(self.dtype, 1)


@dataclass(frozen=True)
class Layout:
    """What a model consists of.

    In a diffusers folder each name begins with its component ("unet.conv_in.weight"); in a single
    file names are the file's own. `configs` are the folder's JSON files by component, with
    "model_index" for the folder's own; empty for a single file.
    """

    title: str
    entries: Mapping[str, Entry]
    configs: Mapping[str, Mapping[str, Any]]

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor, `()` where there is none of that name."""
        entry = self.entries.get(name)
        return entry.shape if entry is not None else ()

    @property
    def size_bytes(self) -> int:
        """Bytes of all weights together."""
        return sum(entry.size_bytes for entry in self.entries.values())


def read_layout(source: Source) -> Layout:
    """The layout of a folder or file on this machine; raises `ModelError` naming a damaged file."""
    if source.kind == "file":
        return Layout(source.title, read_header(source.path), {})
    if source.kind == "hub":
        raise ModelError(f"{source.title} is not downloaded yet", remedy="Download it first.")
    return Layout(source.title, _folder_entries(source.path), _folder_configs(source.path))


def read_header(path: Path) -> dict[str, Entry]:
    """The tensors of a .safetensors file; raises `ModelError` if it is none, or cut short."""
    try:
        header = header_of.read_header(path, largest=LARGEST_HEADER, most=MOST_TENSORS)
    except header_of.Unreadable as fault:
        raise _damaged(path, str(fault)) from None
    return {name: Entry(info.shape, info.dtype) for name, info in header.tensors.items()}


def weight_files(folder: Path) -> list[Path]:
    """The weights of one component: the full ones where there are several variants."""
    files = sorted(folder.glob("*.safetensors"))
    full = [file for file in files if not _variant(file)]
    return full or files


def _variant(file: Path) -> str:
    """The "fp16" of "model.fp16.safetensors", else nothing; parts "-00001-of-00002" are no variant."""
    return Path(file.stem).suffix


def _folder_entries(folder: Path) -> dict[str, Entry]:
    entries = {}
    for part, place in part_folders(folder).items():
        for file in weight_files(place):
            for name, entry in read_header(file).items():
                entries[f"{part}.{name}"] = entry
    if not entries:
        raise ModelError(
            f"The folder {folder.name} holds no .safetensors weights",
            why="Other formats are not opened, because they can run hidden programs",
            remedy="Look for the same model as .safetensors.",
        )
    return entries


def _folder_configs(folder: Path) -> dict[str, Mapping[str, Any]]:
    return {name: _read_json(path) for name, path in _config_files(folder)}


def _config_files(folder: Path) -> Iterator[tuple[str, Path]]:
    yield "model_index", folder / "model_index.json"
    for part, place in part_folders(folder).items():
        for path in (place / "config.json", place / "scheduler_config.json"):
            if path.is_file():
                yield part, path


def _read_json(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ModelError(
            f"{path.parent.name}/{path.name} cannot be read", why=str(fault), remedy="Get the model again."
        ) from None
    return content if isinstance(content, dict) else {}


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"{path.name} cannot be opened", why=why, remedy="Get the file again.")
