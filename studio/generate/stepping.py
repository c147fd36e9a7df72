"""Stepping: the mix of each step of a picture, written into the model just before the step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.generate.methods import METHODS
from studio.generate.methods._base import Mixes
from studio.generate.settings import Mix

if TYPE_CHECKING:
    from studio.adapters.mixing import Mixer, Portion


class Stepping:
    """What is mixed at each step: the method's choice, under each adapter's window."""

    def __init__(
        self, mixer: Mixer, portions: Sequence[Portion], mixes: Sequence[Mix], *, method: str, steps: int
    ) -> None:
        self._mixer, self._mixes, self._steps = mixer, mixes, steps
        self._at: Callable[[int], Mixes] = METHODS.get(method).begin(portions, steps)
        self._now: Mixes = []

    def begin(self, step: int) -> None:
        """Make the weights those of this step."""
        where = (step + 0.5) / self._steps
        now = [
            [portion.times(window(mix, where)) for portion, mix in zip(portions, self._mixes, strict=True)]
            for portions in self._at(min(step, self._steps - 1))
        ]
        if now != self._now:
            self._now = now
            self._mixer.apply(now[0])

    @contextmanager
    def listening(self, denoiser: Any) -> Iterator[None]:
        """While it lasts, the denoiser predicts once under each mix of the step, and the mean counts."""
        predict = denoiser.forward

        def predict_all(*given: Any, **named: Any) -> Any:
            if len(self._now) == 1:
                return predict(*given, **named)
            total: Any = 0
            for portions in self._now:
                self._mixer.apply(portions)
                told = predict(*given, **named)
                total = total + told[0]
            return (
                (total / len(self._now),) if isinstance(told, tuple) else type(told)(total / len(self._now))
            )

        denoiser.forward = predict_all
        try:
            yield
        finally:
            del denoiser.forward


def window(mix: Mix, where: float) -> float:
    """How much of an adapter acts at a moment from 0 to 1: all inside its window, less at soft edges."""
    if not mix.start - mix.soft / 2 <= where <= mix.end + mix.soft / 2:
        return 0.0
    rising = _edge(where - mix.start, mix.soft) if mix.start > 0 else 1.0
    falling = _edge(mix.end - where, mix.soft) if mix.end < 1 else 1.0
    return min(rising, falling)


def _edge(inside: float, soft: float) -> float:
    """From 0 to 1 over the width of the edge, half of it at the edge itself."""
    return float(inside >= 0) if not soft else min(1.0, max(0.0, inside / soft + 0.5))
