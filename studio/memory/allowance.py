"""What a card needs beside the bytes that are counted; the one place for these figures.

None of them was measured on a card by us yet: `python -m tests.bench.memory --card` does, and writes what it
finds to `tests/bench/results/`. Until then they are assumed, from the sources named, on the safe side.
"""

from __future__ import annotations

GIB = 2**30

CONTEXT = int(0.55 * GIB)
"""CUDA's own memory in a process: 0.4 to 0.6 GiB for torch 2 on Pascal to Ada, as people report it."""

WORKSPACE = int(0.15 * GIB)
"""Scratch memory of cuBLAS (8 MiB a handle, 32 on Hopper: torch's `CUBLAS_WORKSPACE_CONFIG`) and of cuDNN's
convolutions (assumed: 0.1 GiB, the limit at which most algorithms for half precision stay below)."""

FRAGMENTS = 0.04
"""The share of the peak that lies in holes of torch's caching allocator; assumed, 2 to 5 % is usual."""

ROOM = 0.06
"""The share of the free memory that should stay free: the desktop draws too. With less it is tight."""


def allowance(peak: int) -> int:
    """Bytes beside a peak of counted bytes."""
    return CONTEXT + WORKSPACE + int(FRAGMENTS * peak)
