"""Counting: the bytes of all tensors that live on a device, while code runs that knows nothing of it.

Every operation is seen as it is dispatched. A tensor's storage is counted when it is first seen and taken
off when the last tensor over it goes, so that views count once and what backward keeps counts as long as
it is kept. That is what `torch.cuda.max_memory_allocated` counts on a card.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

ROUNDED_TO = 512  # bytes; the block of CUDA's caching allocator (c10/cuda/CUDACachingAllocator.cpp)
WEIGHTLESS = "meta"  # torch's device whose tensors have shapes and types, and no memory
TO_PYTHON = torch.ops.aten._local_scalar_dense.default
COPIED = torch.ops.aten._to_copy.default


class Counter(TorchDispatchMode):
    """Bytes of tensors on a device: `live` now, `peak` at most since `begin`; `peaks` by phase.

    On the weightless device numbers that code wants to see are invented: 1, or yes.
    """

    def __init__(self, device: str, rounded_to: int = ROUNDED_TO) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.device, self.rounded_to = device, rounded_to
        self.live = self.peak = 0
        self.peaks: dict[str, int] = {}
        self._sizes: dict[int, int] = {}
        self._away: set[int] = set()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if self.device == WEIGHTLESS:
            if func is TO_PYTHON and args[0].device.type == WEIGHTLESS:
                return _invented(args[0])
            if func is COPIED and _leaves(args[0], given):
                return torch.zeros(args[0].shape, dtype=given.get("dtype") or args[0].dtype)
        made = func(*args, **given)
        self._see(made)
        return made

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Keep the peak of what happens inside, the larger one where a phase comes again."""
        self.peak = self.live
        try:
            yield
        finally:
            self.peaks[name] = max(self.peaks.get(name, 0), self.peak)

    def hold(self, tensors: Iterable[Tensor]) -> None:
        """Count tensors that were there before the counting began."""
        for each in tensors:
            self._see(each)

    def leave(self, module: nn.Module) -> None:
        """The module goes to the machine's memory: nothing of it counts any more."""
        for key in _storages(module):
            if key in self._sizes and key not in self._away:
                self._away.add(key)
                self.live -= self._sizes[key]

    def enter(self, module: nn.Module) -> None:
        """It comes back."""
        for key in _storages(module):
            if key in self._away:
                self._away.discard(key)
                self._add(self._sizes[key])

    def _see(self, made: Any) -> None:
        if isinstance(made, Tensor):
            if made.device.type == self.device:
                self._count(made.untyped_storage())
        elif isinstance(made, (tuple, list)):
            for each in made:
                self._see(each)

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key not in self._sizes:
            size = -(-storage.nbytes() // self.rounded_to) * self.rounded_to
            self._sizes[key] = size
            self._add(size)
            weakref.finalize(storage, self._gone, key)

    def _add(self, size: int) -> None:
        self.live += size
        self.peak = max(self.peak, self.live)

    def _gone(self, key: int) -> None:
        size = self._sizes.pop(key)
        if key in self._away:
            self._away.discard(key)
        else:
            self.live -= size


def tensors_of(module: nn.Module) -> Iterator[Tensor]:
    """A module's weights and buffers."""
    yield from module.parameters()
    yield from module.buffers()


def _storages(module: nn.Module) -> set[int]:
    return {each.untyped_storage()._cdata for each in tensors_of(module)}


def _invented(asked: Tensor) -> Any:
    if asked.dtype == torch.bool:
        return True
    return 1.0 if asked.is_floating_point() else 1


def _leaves(tensor: Tensor, given: Mapping[str, Any]) -> bool:
    device = given.get("device")
    return tensor.device.type == WEIGHTLESS and device is not None and torch.device(device).type == "cpu"
