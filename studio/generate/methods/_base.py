"""What a method of mixing is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.adapters.mixing import Portion

Mixes = Sequence[Sequence["Portion"]]
"""The mixes under which the denoiser predicts at a step; of several, the mean of the predictions counts."""


class Method(ABC):
    """A way to bring adapters together; a module in this package has an instance as its `ENTRY`."""

    name: str
    title: str
    about: str
    order: int = 100

    @abstractmethod
    def begin(self, portions: Sequence[Portion], steps: int) -> Callable[[int], Mixes]:
        """What to mix at each step, counted from 0, of a picture of so many steps."""


def only(portions: Sequence[Portion], index: int) -> list[Portion]:
    """The portions with all but one silent."""
    return [portion.times(float(number == index)) for number, portion in enumerate(portions)]


def sounding(portions: Sequence[Portion]) -> list[int]:
    """The places of those that act on the picture at all."""
    return [number for number, portion in enumerate(portions) if portion.weight]
