"""Pictures that are alike and all stay, because the person said so: that is told once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

from studio.data.sidecars import HISTORY
from studio.workspace import writing

Pair = frozenset[str]


def apart(folder: Path) -> Callable[[Path, Path], bool]:
    """Whether two pictures of a dataset both stay; a picture whose file has changed is another one."""
    kept = _read(folder)
    return lambda one, other: bool(kept) and _pair(one, other) in kept


def keep_apart(folder: Path, groups: Sequence[Sequence[Path]]) -> None:
    """Remember that all pictures of each group of a dataset stay."""
    pairs = {_pair(*two) for group in groups for two in combinations(group, 2)}
    (folder / HISTORY).mkdir(exist_ok=True)
    with writing(_file(folder)) as file:
        json.dump(sorted(map(sorted, _read(folder) | pairs)), file, ensure_ascii=False, indent=1)


def _pair(one: Path, other: Path) -> Pair:
    return frozenset(f"{path.name} {path.stat().st_size}" for path in (one, other))


def _read(folder: Path) -> set[Pair]:
    """What the file says; of a damaged one nothing."""
    try:
        return {frozenset(map(str, pair)) for pair in json.loads(_file(folder).read_bytes())}
    except (OSError, ValueError, TypeError):
        return set()


def _file(folder: Path) -> Path:
    return folder / HISTORY / "apart.json"
