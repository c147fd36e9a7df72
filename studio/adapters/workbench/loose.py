"""Loose adapters: the changes of a file under its own names, for work that needs no base model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from studio.adapters.alphas import AnnouncedAlphas
from studio.adapters.base_files import BaseFiles
from studio.adapters.entries import Entry, read_entries
from studio.adapters.factors import Delta, Difference, Dora, Ia3
from studio.adapters.header import damaged, read_header
from studio.adapters.naming import BEFORE_DENOISER
from studio.adapters.reading import data_hash, read_change
from studio.errors import AdapterError

if TYPE_CHECKING:
    from torch import Tensor

Progress = Callable[[int, int], None]
"""Told how many layers of how many are done; it may raise `Cancelled`."""


@dataclass(frozen=True, eq=False)
class Loose:
    """The changes of a file by its own names of layers; `shapes` are those of ΔW."""

    name: str
    changes: Mapping[str, Delta]
    shapes: Mapping[str, tuple[int, ...]]
    metadata: Mapping[str, str]
    hash: str = ""

    def only(self, keeps: Callable[[str], bool]) -> Loose:
        """The layers whose names are kept."""
        return replace(self, changes={name: each for name, each in self.changes.items() if keeps(name)})

    def blank(self, name: str) -> Tensor:
        """A weight of zeros in a layer's shape, for changes that do not depend on W₀."""
        import torch

        return torch.zeros(self.shapes[name])


def read_loose(path: Path) -> Loose:
    """Read a file without a base; raises `AdapterError` in a sentence if it is damaged."""
    from safetensors import SafetensorError, safe_open

    header = read_header(path)
    entries = read_entries(path, header)
    announced = AnnouncedAlphas(path, header.metadata)
    try:
        with safe_open(path, framework="pt") as file:
            changes = {named(e): read_change(path, e, file, announced)[1] for e in entries}
    except SafetensorError:
        raise damaged(path, "Its table of contents cannot be read") from None
    shapes = {named(entry): entry.measure.shape for entry in entries}
    return Loose(path.stem, changes, shapes, header.metadata, data_hash(path))


def named(entry: Entry) -> str:
    """The name of a layer, with `.bias` behind it where it is that which changes."""
    return entry.name if entry.parameter == "weight" else f"{entry.name}.bias"


def needs_base(loose: Loose) -> bool:
    """Whether a change says how the base's own weights are scaled (DoRA, (IA)³)."""
    return any(isinstance(change, Dora | Ia3) for change in loose.changes.values())


def with_base(loose: Loose, files: BaseFiles) -> Loose:
    """The same with those changes worked out on a base; raises `AdapterError` if it is not theirs."""
    changes = dict(loose.changes)
    for name, change in loose.changes.items():
        if isinstance(change, Dora | Ia3):
            place = files.table.find(name.removesuffix(".bias"))
            if place is None or prod(place.shape) != prod(loose.shapes[name]):
                raise AdapterError(
                    f"{loose.name} does not fit {files.table.title}", why=f"It has {name[:80]}"
                )
            changes[name] = Difference(change.delta(files.joined(place)).reshape(loose.shapes[name]))
    return replace(loose, changes=changes)


def demand_free_of_base(loose: Loose) -> None:
    """Raise `AdapterError` if a change is one of the base's own weights, which are not here."""
    if needs_base(loose):
        raise AdapterError(
            f"{loose.name} cannot be worked on by itself",
            why="It says how the base's own weights are scaled (DoRA or (IA)³)",
            remedy="Name the base model that it was made for.",
        )


def is_text(name: str) -> bool:
    """Whether a file's name means a layer of a text encoder."""
    name = name.removeprefix("base_model.model.")
    if name.startswith(("lora_te", "text_encoder", "clip_l.", "clip_g.", "t5.")):
        return True
    return not name.startswith(BEFORE_DENOISER) and "text_model" in name


def keys(changes: Mapping[str, Delta]) -> Iterator[tuple[str, Delta]]:
    """The changes by the keys under which they are written."""
    for name, change in changes.items():
        if name.endswith(".bias") and isinstance(change, Difference):
            yield name.removesuffix(".bias"), BiasDifference(change.diff)
        else:
            yield name, change


class BiasDifference(Difference):
    """A difference that is written as that of a bias."""

    def tensors(self) -> dict[str, Tensor]:
        """LyCORIS' name."""
        return {"diff_b": self.diff}
