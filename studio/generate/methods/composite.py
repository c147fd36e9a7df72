"""LoRA Composite (Zhong et al., Multi-LoRA Composition, arXiv 2402.16843, section 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from studio.generate.methods._base import Method, Mixes, only, sounding

if TYPE_CHECKING:
    from studio.adapters.mixing import Portion


class Composite(Method):
    """Every adapter predicts alone, and the mean of their guided predictions counts."""

    name = "composite"
    title = "Composite"
    about = "Each predicts alone, their mean counts. Keeps many subjects apart; a step takes as long as all."
    order = 30

    def begin(self, portions: Sequence[Portion], steps: int) -> Callable[[int], Mixes]:
        """One mix for each adapter. Guidance is linear, so the mean may be taken before it (equation 3)."""
        heard = sounding(portions)
        alone = [only(portions, index) for index in heard] or [list(portions)]
        return lambda _step: alone


ENTRY = Composite()
