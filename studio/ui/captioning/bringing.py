"""Bringing: an import as the page follows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Bringing:
    """How far the imports of this server are; one is shown at a time."""

    def __init__(self) -> None:
        self.state: tuple[int, int] | None = None

    def follow(self, work: Callable[[Callable[[int, int], None]], Result]) -> Result:
        """Do the work, which is given a function to tell its progress to."""
        self.state = (0, 0)
        try:
            return work(self._tell)
        finally:
            self.state = None

    def _tell(self, done: int, total: int) -> None:
        self.state = (done, total)
