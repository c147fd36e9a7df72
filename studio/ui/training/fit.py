"""Will it fit? The memory that a training needs, phase by phase, against what the card has free."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from types import ModuleType
from typing import Any

from studio.memory.fit import Fit, in_words
from studio.train import fitting as fitting_of_training
from studio.train.settings import TrainSettings
from studio.ui.desk import Desk
from studio.ui.markup import render
from studio.ui.training.choice import PERSONAL, changes_in_words
from studio.ui.training.later import KEPT, Later

PAUSE = 0.8  # seconds for which the form must rest before something new is worked out
FORGOTTEN = 5.0  # seconds after which settings that no window has any more are forgotten
AGAIN = 20.0  # seconds after which the card is asked again what is free
AMPLE = 0.25  # of the free memory: a training that needs less has nothing to save
WORDS = {"fits": "It fits", "tight": "Tight", "too big": "Too big"}
WITHOUT_CARD = "No graphics card here: it runs on the processor."
BESIDE = "The program itself, about 0.6 GiB, comes on top."


class FitView:
    """Renders the check; `fitting` has the functions of `studio.train.fitting`."""

    def __init__(
        self, desk: Desk, fitting: ModuleType | Any = fitting_of_training, *, pause: float = PAUSE
    ) -> None:
        self.desk, self.fitting, self.pause = desk, fitting, pause
        self._fits: Later[str] = Later(lambda fault: render("fit", fit=None, fault=fault))
        self._seen: dict[str, tuple[float, float]] = {}  # of each window's settings: since when, last when
        self._shown: OrderedDict[str, str] = OrderedDict()

    def html(self, settings: TrainSettings) -> str:
        """The check of these settings, or that it is under way."""
        key, now = settings.model_dump_json(exclude=set(PERSONAL)), time.monotonic()
        if now - self._since(key, now) >= self.pause:
            told = self._fits.get((key, now // AGAIN), self._working_out(settings))
            if told is not None:
                self._shown[key] = told
                while len(self._shown) > KEPT:
                    self._shown.popitem(last=False)
        return self._shown.get(key) or render("fit", fit=None, fault="")

    def _since(self, key: str, now: float) -> float:
        """Since when the form of a window has rested at these settings."""
        self._seen = {each: seen for each, seen in self._seen.items() if now - seen[1] < FORGOTTEN}
        since = self._seen.get(key, (now, now))[0]
        self._seen[key] = (since, now)
        return since

    def to_card(self, settings: TrainSettings) -> tuple[dict[str, Any], str]:
        """What to change so that it fits, and a sentence that says it; may take half a minute."""
        changes, fit = self.fitting.fit_to_card(settings, self.desk.workspace)
        told = changes_in_words(changes)
        return dict(changes), f"Now with {told}. {fit.sentence}" if told else fit.sentence

    def _working_out(self, settings: TrainSettings) -> Callable[[], str]:
        def work_out() -> str:
            workspace = self.desk.workspace
            return shown(
                self.fitting.known(settings, workspace) or self.fitting.work_out(settings, workspace)
            )

        return work_out


def shown(fit: Fit) -> str:
    """A fit as HTML; the bars are drawn against what the card, or without one the machine, has free."""
    card = fit.card if fit.card is not None and fit.card.is_card else None
    free = card.free if card else 0
    needs = [phase.bytes + fit.allowance for phase in fit.phases]
    scale = max([fit.card.free if fit.card else 0, *needs, 1]) * 1.02
    return render(
        "fit",
        fit=fit,
        words=WORDS[fit.verdict],
        kind=fit.verdict.replace(" ", "-"),
        bars=[
            {
                "title": phase.title,
                "need": in_words(need),
                "part": round(100 * need / scale, 1),
                "over": bool(free) and need > free,
            }
            for phase, need in zip(fit.phases, needs, strict=True)
        ],
        mark=round(100 * free / scale, 1),
        ample=fit.verdict == "fits" and max(needs, default=0) < AMPLE * (fit.card.free if fit.card else 0),
        sentence=fit.sentence if card else f"{WITHOUT_CARD} {fit.sentence} {BESIDE}",
        savers=[{"saver": one, "frees": in_words(one.frees)} for one in fit.savers],
    )
