"""Reading an adapter: from a file's keys to changes of a model's layers."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio.adapters.alphas import AnnouncedAlphas
from studio.adapters.entries import Entry, read_entries
from studio.adapters.factors import Factors
from studio.adapters.header import Header, damaged, read_header
from studio.adapters.metadata import AdapterFacts
from studio.adapters.naming import DENOISER, Layer, LayerTable
from studio.adapters.receipt import Receipt

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter that fits a model: the change of each layer, and the receipt.

    Two adapters are the same only if they are one object; a file that was read anew is another.
    """

    name: str
    changes: Mapping[Layer, Factors]
    metadata: Mapping[str, str]
    receipt: Receipt

    @property
    def has_text(self) -> bool:
        """Whether it changes a text encoder."""
        return any(layer.part != DENOISER for layer in self.changes)


def read_adapter(path: Path, table: LayerTable) -> Adapter:
    """Read a kohya, diffusers or peft file for the model of this table.

    Raises `AdapterError` in a sentence if the file is damaged, of a kind that is not known, or if
    any of its layers does not fit. No weight is read before all of that is settled.
    """
    header = read_header(path)
    entries = read_entries(path, header)
    receipt = make_receipt(path, header, entries, table)
    receipt.demand_full_match()
    changes = dict(_load(path, header, entries, table))
    if len(changes) < len(entries):
        raise damaged(path, "It names a layer twice, in different ways")
    alphas = tuple(sorted({each.alpha for each in changes.values()}))
    return Adapter(path.stem, changes, header.metadata, replace(receipt, alphas=alphas, hash=data_hash(path)))


def make_receipt(path: Path, header: Header, entries: Sequence[Entry], table: LayerTable) -> Receipt:
    """Compare the file's layers with the model's, by name and by shape, from the header alone."""
    layers = {entry.name: table.find(entry.name) for entry in entries}
    matched = Counter(layer.part for e in entries if (layer := layers[e.name]) and e.fits(layer.shape))
    return Receipt(
        name=path.stem,
        base=table.title,
        facts=AdapterFacts.from_metadata(header.metadata),
        layers=len(entries),
        matched=dict(matched),
        unknown=tuple(name for name, layer in layers.items() if layer is None),
        misfits=tuple(e.name for e in entries if (layer := layers[e.name]) and not e.fits(layer.shape)),
        ranks=tuple(sorted({entry.rank for entry in entries})),
    )


def data_hash(path: Path) -> str:
    """The SHA-256 of the bytes after the header, by which other programs know an adapter again."""
    with path.open("rb") as file:
        file.seek(int.from_bytes(file.read(8), "little"), 1)
        return hashlib.file_digest(file, "sha256").hexdigest()


def _load(
    path: Path, header: Header, entries: Sequence[Entry], table: LayerTable
) -> Iterator[tuple[Layer, Factors]]:
    import torch
    from safetensors import SafetensorError, safe_open

    announced = AnnouncedAlphas(path, header.metadata)
    try:
        with safe_open(path, framework="pt") as file:
            for entry in entries:
                layer = table.find(entry.name)
                assert layer is not None
                down, up = file.get_tensor(entry.down), file.get_tensor(entry.up)
                alpha = file.get_tensor(entry.alpha).float() if entry.alpha else announced.of(entry)
                if not all(_finite(each) for each in (down, up, torch.as_tensor(alpha))):
                    raise damaged(path, f"The layer {entry.name[:80]} holds numbers that are not finite")
                yield layer, Factors(down, up, float(alpha))
    except SafetensorError:
        raise damaged(path, "Its table of contents cannot be read") from None


def _finite(tensor: Tensor) -> bool:
    return bool(tensor.float().isfinite().all())
