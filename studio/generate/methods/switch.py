"""LoRA Switch (Zhong et al., Multi-LoRA Composition, arXiv 2402.16843, section 3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from studio.generate.methods._base import Method, Mixes, only, sounding

if TYPE_CHECKING:
    from studio.adapters.mixing import Portion

TURNS = 10  # in a picture; the authors switch every 5 of 50 steps


class Switch(Method):
    """One adapter at a time, in turn."""

    name = "switch"
    title = "Switch"
    about = "One at a time, in turn. Helps when several subjects blur into one another."
    order = 20

    def begin(self, portions: Sequence[Portion], steps: int) -> Callable[[int], Mixes]:
        """The next adapter after each tenth of the steps, in the order of the list."""
        heard = sounding(portions)
        each = max(1, round(steps / TURNS))
        if len(heard) < 2:
            return lambda _step: [portions]
        return lambda step: [only(portions, heard[step // each % len(heard)])]


ENTRY = Switch()
