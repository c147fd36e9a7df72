"""The plain sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from studio.generate.methods._base import Method, Mixes

if TYPE_CHECKING:
    from studio.adapters.mixing import Portion


class Sum(Method):
    """All adapters at once, each with its weight."""

    name = "sum"
    title = "Sum"
    about = "All at once. The usual way, at the speed of the bare model."
    order = 10

    def begin(self, portions: Sequence[Portion], steps: int) -> Callable[[int], Mixes]:
        """The same at every step."""
        return lambda _step: [portions]


ENTRY = Sum()
