"""Will it fit? The memory that a training needs, phase by phase, against what the card has free."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

from studio.settings import knobs
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.markup import render
from studio.ui.training.choice import PERSONAL
from studio.ui.training.later import Later

PAUSE = 0.8  # seconds for which the form must rest before something new is worked out
WORDS = {"fits": "It fits", "tight": "Tight", "too big": "Too big for this card"}
LABELS = {knob.name: knob.label for knob in knobs(TrainSettings)}


class FitView:
    """Renders the check; `fitting` has the functions of `studio.train.fitting`."""

    def __init__(self, desk: Desk, fitting: ModuleType | Any, *, pause: float = PAUSE) -> None:
        self.desk, self.fitting, self.pause = desk, fitting, pause
        self._fits: Later[str] = Later(lambda fault: render("fit", fit=None, fault=fault))
        self._rested: tuple[str, float] = ("", 0.0)

    def html(self, settings: TrainSettings) -> str:
        """The check of these settings, or that it is under way."""
        if self.fitting is None:
            return ""
        key = settings.model_dump_json(exclude=set(PERSONAL))
        if key != self._rested[0]:
            self._rested = (key, time.monotonic())
        resting = time.monotonic() - self._rested[1] >= self.pause
        told = self._fits.get(key, self._working_out(settings)) if resting else None
        return told if told is not None else render("fit", fit=None, fault="")

    def to_card(self, settings: TrainSettings) -> tuple[dict[str, Any], str]:
        """What to change so that it fits, and a sentence that says it; may take half a minute."""
        changes, fit = self.fitting.fit_to_card(settings, self.desk.workspace)
        if not changes:
            return {}, fit.sentence
        told = ", ".join(f"{LABELS[name]}: {_value(value)}" for name, value in changes.items())
        return dict(changes), f"{told}. {fit.sentence}"

    def _working_out(self, settings: TrainSettings) -> Callable[[], str]:
        def work_out() -> str:
            workspace = self.desk.workspace
            fit = self.fitting.known(settings, workspace) or self.fitting.work_out(settings, workspace)
            return shown(fit)

        return work_out


def shown(fit: Any) -> str:
    """A fit as HTML; the bars are drawn against the card's free memory, or the largest of them."""
    free = fit.card.free if fit.card is not None else 0
    needs = [phase.bytes + fit.allowance for phase in fit.phases]
    scale = max([free, *needs]) * 1.02
    bars = [
        {
            "title": phase.title,
            "bytes": need,
            "part": round(100 * need / scale, 1),
            "over": free and need > free,
        }
        for phase, need in zip(fit.phases, needs, strict=True)
    ]
    return render(
        "fit",
        fit=fit,
        words=WORDS.get(fit.verdict, fit.verdict) if free else "",
        kind=fit.verdict.replace(" ", "-") if free else "none",
        bars=bars,
        mark=round(100 * free / scale, 1) if free else 0,
        savers=[{"saver": saver, "value": _value(saver.value)} for saver in fit.savers],
    )


def _value(value: Any) -> str:
    return {True: "on", False: "off"}.get(value, str(value)) if isinstance(value, bool) else str(value)
