"""What a person is told of a card: whether it fits, how much is lacking."""

from __future__ import annotations

import pytest

from studio.memory.allowance import GIB
from studio.memory.fit import card_of, in_words, judged

TITLES = {"text": "Captions", "step": "Training step"}


@pytest.mark.parametrize(("gib", "verdict"), [(8, "fits"), (6.4, "tight"), (5, "too big")])
def test_the_largest_phase_decides(gib: float, verdict: str) -> None:
    fit = judged({"text": GIB, "step": int(5.3 * GIB)}, TITLES, card_of(gib), ())
    assert fit.verdict == verdict
    assert "Training step" in fit.sentence
    assert fit.needs == fit.peak + fit.allowance


def test_what_is_lacking_is_said() -> None:
    fit = judged({"step": 4 * GIB}, TITLES, card_of(4), ())
    assert f"{in_words(fit.needs - 4 * GIB)} more" in fit.sentence


def test_the_processor_needs_no_allowance() -> None:
    fit = judged({"step": GIB}, TITLES, card_of(2, "fp32"), ())
    assert (fit.allowance, fit.verdict) == (0, "fits")
