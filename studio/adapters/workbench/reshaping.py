"""Reshaping one adapter: another rank, only some of its layers, only the picture's or the words' part."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.adapters.decomposition import shortened_dense, shortened_product
from studio.adapters.entries import read_entries
from studio.adapters.factors import Delta, is_plain
from studio.adapters.header import read_header
from studio.adapters.workbench.loose import Loose, Progress, demand_free_of_base, is_text
from studio.adapters.workbench.merging import Merged
from studio.errors import AdapterError

BLOCK = re.compile(r"[a-z]+_blocks?_\d+|mid_block|middle_block")


def resize(loose: Loose, *, rank: int = 0, energy: float = 1.0, progress: Progress | None = None) -> Merged:
    """The nearest adapter of a rank, or in each layer of the least rank that keeps the part `energy`.

    Other kinds become LoRAs by it; norms and biases stay. Raises `AdapterError` for kinds that
    need their base.
    """
    demand_free_of_base(loose)
    changes: dict[str, Delta] = {}
    kept = total = 0.0
    for number, (name, change) in enumerate(loose.changes.items()):
        if progress:
            progress(number, len(loose.changes))
        shape, blank = loose.shapes[name], loose.blank(name)
        if len(shape) < 2:
            changes[name] = change
            continue
        if is_plain(change):
            up, down = change.matrices(blank)
            found = shortened_product(up * change.scale, down, shape, rank=rank, energy=energy)
        else:
            found = shortened_dense(change.delta(blank), rank=rank, energy=energy)
        size = change.norm(blank) ** 2
        changes[name] = found.factors
        kept, total = kept + found.energy * size, total + size
    return Merged(changes, kept / total if total else 1.0)


def split(loose: Loose) -> tuple[Loose, Loose]:
    """The part that paints, and the part in the text encoders."""
    return loose.only(lambda name: not is_text(name)), loose.only(is_text)


def prune(loose: Loose, blocks: Sequence[str]) -> Loose:
    """Without the layers of some blocks, as the file names them: “mid_block”, “up_blocks.1”, “text”.

    Raises `AdapterError` if nothing is left, or a block is not there.
    """
    kept = loose
    for block in blocks:
        pattern = re.compile(rf"(^|[._]){re.escape(_flat(block))}([._]|$)")
        left = kept.only(lambda name, p=pattern, b=block: not _lies_in(name, p, b))  # type: ignore[misc]
        if len(left.changes) == len(kept.changes):
            raise AdapterError(f"{loose.name} has no layers in “{block}”", remedy=_spelled(loose))
        kept = left
    if not kept.changes:
        raise AdapterError(f"Nothing would be left of {loose.name}", remedy="Take out fewer blocks.")
    return kept


def _lies_in(name: str, pattern: re.Pattern[str], block: str) -> bool:
    return is_text(name) if block == "text" else bool(pattern.search(_flat(name)))


def _flat(name: str) -> str:
    return name.replace(".", "_")


def blocks_in(path: Path) -> tuple[str, ...]:
    """The blocks that a file's layers lie in, as `prune` takes them; from its header alone."""
    names = [entry.name for entry in read_entries(path, read_header(path))]
    return (*_blocks(names), *(["text"] if any(map(is_text, names)) else []))


def _spelled(loose: Loose) -> str:
    found = _blocks(loose.changes)
    return f"Its blocks are {', '.join(found[:12])}." if found else "It has no blocks."


def _blocks(names: Iterable[str]) -> list[str]:
    found = {m[0] for name in names if not is_text(name) and (m := BLOCK.search(_flat(name)))}
    return sorted(found, key=lambda name: [int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name)])
