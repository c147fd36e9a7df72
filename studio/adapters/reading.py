"""Reading an adapter: from a file's keys to changes of a model's layers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.adapters.alphas import AnnouncedAlphas
from studio.adapters.entries import Entry, read_entries
from studio.adapters.factors import Delta, Dora
from studio.adapters.header import Header, damaged, read_header
from studio.adapters.layers import DENOISER, Layer, Place
from studio.adapters.lineage import family_of
from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import LayerTable
from studio.adapters.receipt import Receipt

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter that fits a model: the change of each layer, and the receipt.

    Two adapters are the same only if they are one object; a file that was read anew is another.
    """

    name: str
    changes: Mapping[Layer, Delta]
    metadata: Mapping[str, str]
    receipt: Receipt

    @property
    def has_text(self) -> bool:
        """Whether it changes a text encoder."""
        return any(layer.part != DENOISER for layer in self.changes)


def read_adapter(path: Path, table: LayerTable, *, anyway: bool = False) -> Adapter:
    """Read an adapter file of any trainer for the model of this table.

    Raises `AdapterError` in a sentence if the file is damaged, of a kind that is not known, or if
    any of its layers does not fit, unless the person wants the others `anyway`. No weight is read
    before all of that is settled.
    """
    header = read_header(path)
    entries = read_entries(path, header)
    receipt = make_receipt(path, header, entries, table)
    receipt.demand_match(anyway=anyway)
    found = [(entry, place) for entry in entries if (place := _place(entry, table))]
    changes: dict[Layer, Delta] = {}
    alphas: set[float] = set()
    for layer, change, alpha in _load(path, header, found):
        if layer in changes:
            raise damaged(path, "It names a layer twice, in different ways")
        changes[layer] = change
        alphas |= {alpha} if change.rank else set()
    receipt = replace(receipt, alphas=tuple(sorted(alphas)), hash=data_hash(path))
    return Adapter(path.stem, changes, header.metadata, receipt)


def make_receipt(path: Path, header: Header, entries: Sequence[Entry], table: LayerTable) -> Receipt:
    """Compare the file's layers with the model's, by name and by shape, from the header alone."""
    facts = AdapterFacts.from_metadata(header.metadata)
    places = [(entry, table.find(entry.name, entry.parameter)) for entry in entries]
    matched = Counter(place.parts[0][0].part for e, place in places if place and e.fits(place))
    return Receipt(
        name=path.stem,
        base=table.title,
        facts=facts,
        layers=len(entries),
        matched=dict(matched),
        unknown=tuple(entry.name for entry, place in places if place is None),
        misfits=tuple(entry.name for entry, place in places if place and not entry.fits(place)),
        ranks=tuple(sorted({entry.rank for entry in entries} - {0})),
        kind=kinds_in(entries),
        family=family_of(facts, entries),
        of=dict(Counter(table.part_named(entry.name) for entry in entries)),
    )


def kinds_in(entries: Sequence[Entry]) -> str:
    """The kinds of changes in a file, the most frequent first: "LoRA and full differences"."""
    return " and ".join(title for title, _ in Counter(entry.title for entry in entries).most_common())


def data_hash(path: Path) -> str:
    """The SHA-256 of the bytes after the header, by which other programs know an adapter again."""
    with path.open("rb") as file:
        file.seek(int.from_bytes(file.read(8), "little"), 1)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place(entry: Entry, table: LayerTable) -> Place | None:
    """Where in the model the layer lies, if it fits there."""
    place = table.find(entry.name, entry.parameter)
    return place if place and entry.fits(place) else None


def _load(
    path: Path, header: Header, found: Sequence[tuple[Entry, Place]]
) -> Iterator[tuple[Layer, Delta, float]]:
    from safetensors import SafetensorError, safe_open

    announced = AnnouncedAlphas(path, header.metadata)
    try:
        with safe_open(path, framework="pt") as file:
            for entry, place in found:
                alpha, change = read_change(path, entry, file, announced)
                for layer, rows in place.parts:
                    yield layer, change.rows(rows, place.shape) if rows else change, alpha
    except SafetensorError:
        raise damaged(path, "Its table of contents cannot be read") from None


def read_change(path: Path, entry: Entry, file: Any, announced: AnnouncedAlphas) -> tuple[float, Delta]:
    """The alpha and the change of one of the file's layers; every number is looked at."""
    tensors: dict[str, Tensor] = {role: file.get_tensor(key) for role, key in entry.keys.items()}
    if not all(_finite(tensor) for tensor in tensors.values()):
        raise damaged(path, f"The layer {entry.name[:80]} holds numbers that are not finite")
    told, magnitude = tensors.pop("alpha", None), tensors.pop("magnitude", None)
    rows = tensors.pop("peft_magnitude", None)
    alpha = announced.of(entry) if told is None else float(told.float())
    if told is None and not entry.rank and "w1" in tensors:
        tensors["w1"] = tensors["w1"].float() * announced.scale_without_rank(entry)
    change = entry.kind.build(tensors, alpha)
    if rows is not None:
        magnitude = rows.flatten()
    return alpha, change if magnitude is None else Dora(change, magnitude)


def _finite(tensor: Tensor) -> bool:
    if tensor.element_size() == 1:  # fp8 knows no isfinite
        tensor = tensor.float()
    return bool(tensor.isfinite().all())
