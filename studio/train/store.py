"""The store: what the cache holds for a training, in memory as far as it is not much."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from studio.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value", "Tensor", "Mapping[str, Tensor]")

MOST = 2**30  # bytes in memory: the latents of 4,000 pictures of 1024 pixels, or 250 long prompts


class Store(Mapping[Key, Value]):
    """Tensors by key; what does not fit into `most` bytes is read from its cache file each time.

    A caption is 4 MB to a large text encoder, so thousands of them would fill the machine's memory.
    """

    def __init__(self, read: Callable[[Path], Value], most: int = MOST) -> None:
        self._read: Callable[[Path], Value] = read
        self._room = most
        self._here: dict[Key, Value] = {}
        self._there: dict[Key, Path] = {}

    def put(self, key: Key, value: Value, file: Path) -> None:
        """Take up a value that `file` holds, too."""
        self._room -= _bytes(value)
        if self._room >= 0:
            self._here[key] = value
        else:
            self._there[key] = file

    def __getitem__(self, key: Key) -> Value:
        if key in self._here:
            return self._here[key]
        try:
            return self._read(self._there[key])
        except OSError as fault:
            raise TrainingError(
                "The cache was emptied while the training ran",
                why=str(fault),
                remedy="Press Resume: it is made anew, and the training goes on from its newest checkpoint.",
            ) from None

    def __iter__(self) -> Iterator[Key]:
        yield from self._here
        yield from self._there

    def __len__(self) -> int:
        return len(self._here) + len(self._there)


def _bytes(value: Tensor | Mapping[str, Tensor]) -> int:
    tensors = value.values() if isinstance(value, Mapping) else [value]
    return sum(tensor.nbytes for tensor in tensors)
