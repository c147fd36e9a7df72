"""What a program is whose pictures say how they were made."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe


class Program(ABC):
    """Reads the recipe that one program writes; a module in this package has an instance as its `ENTRY`."""

    name: str
    title: str
    order: int = 100

    @abstractmethod
    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe in a picture's texts; None if they are another program's.

        Whatever Python raises for a text of another shape (`ValueError`, `KeyError`, `TypeError` …) may
        leave it: the text then counts as another program's.
        """
