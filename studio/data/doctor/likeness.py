"""Likeness: what an image tower made of pictures, kept by content; who has none yet knows nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from studio.data.hashes import picture_hash
from studio.data.lines import append_line, read_lines
from studio.workspace import Workspace

Features = NDArray[np.float32]
"""One vector of length 1; the likeness of two pictures is the product of theirs."""


def known_features(pictures: Iterable[Path], workspace: Workspace) -> dict[Path, Features]:
    """The features of those pictures that an image tower has looked at."""
    known = _read(_file(workspace.cache), _stamp(workspace.cache))
    hashes = ((picture, picture_hash(picture, workspace.cache)) for picture in pictures)
    return {picture: known[content] for picture, content in hashes if content in known}


def without_features(pictures: Iterable[Path], workspace: Workspace) -> list[Path]:
    """The pictures that no image tower has looked at yet."""
    pictures = list(pictures)
    known = known_features(pictures, workspace)
    return [picture for picture in pictures if picture not in known]


def remember(picture: Path, features: Sequence[float], workspace: Workspace) -> None:
    """Keep what the tower made of a picture; its length becomes 1."""
    vector = np.asarray(features, dtype=np.float32)
    vector = (vector / np.linalg.norm(vector)).astype(np.float16)
    append_line(_file(workspace.cache), [picture_hash(picture, workspace.cache), vector.tobytes().hex()])


def nearest(features: Sequence[Features | None], enough: float, count: int = 2) -> list[tuple[int, int]]:
    """Pairs of numbers: each picture with the few that are most like it, where that is enough."""
    there = [number for number, one in enumerate(features) if one is not None]
    if len(there) < 2:
        return []
    vectors = np.stack([one for one in features if one is not None])
    pairs = set()
    for row, number in enumerate(there):
        likeness = vectors @ vectors[row]
        likeness[row] = -1
        for place in np.argsort(-likeness)[:count]:
            if likeness[place] >= enough:
                pairs.add((min(number, there[place]), max(number, there[place])))
    return sorted(pairs)


@lru_cache(maxsize=1)
def _read(file: Path, stamp: int) -> dict[str, Features]:
    return {
        content: np.frombuffer(bytes.fromhex(vector), dtype=np.float16).astype(np.float32)
        for content, vector in read_lines(file)
    }


def _stamp(cache: Path) -> int:
    """The size of the file, which only grows: whether the worker wrote more into it."""
    file = _file(cache)
    return file.stat().st_size if file.exists() else 0


def _file(cache: Path) -> Path:
    return cache / "picture-features.jsonl"
