"""Writing behind: results go to the disk while the next ones are made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Result = TypeVar("Result")
EVERY = 0.3  # seconds between two lots: a few results cost as much to write as many


class Behind(Generic[Result]):
    """Hands results to `take` in a thread of its own, those of a moment in one lot.

    Nothing that was added is left behind, whatever ends the block. What `take` raises comes out of
    `add`, or of the end of the block.
    """

    def __init__(self, take: Callable[[list[Result]], None]) -> None:
        self._take, self._pool = take, ThreadPoolExecutor(max_workers=1)
        self._waiting: list[Result] = []
        self._taken: Future[None] | None = None
        self._last = float("-inf")

    def add(self, results: Iterable[Result]) -> None:
        """Have these taken soon, after those before."""
        self._waiting += results
        ready = self._taken is None or self._taken.done()
        if ready and time.monotonic() - self._last >= EVERY:
            self._finish()
            self._last = time.monotonic()
            lot, self._waiting = self._waiting, []
            self._taken = self._pool.submit(self._take, lot)

    def __enter__(self) -> Behind[Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._pool:
            self._finish()
            if self._waiting:
                self._take(self._waiting)

    def _finish(self) -> None:
        """Wait until the lot before is taken; raises what went wrong with it."""
        if self._taken is not None:
            self._taken.result()
