"""Will it fit? Asked of the card before one paints; a machine without a card is not asked."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from studio.errors import SettingsError
from studio.generate import fitting as fitting_of_painting
from studio.generate.settings import GenerateSettings
from studio.settings import knobs
from studio.ui.desk import Desk
from studio.ui.generating.draft import Draft
from studio.ui.training.fit import FitView

AGAIN = 30.0  # seconds after which it is looked again whether there is a card
LABELS = {knob.name: knob.label for knob in knobs(GenerateSettings)}
NO_MATTER: dict[str, Any] = {"prompt": "", "negative": "", "seed": -1, "variation_seed": -1}


class FitCheck:
    """Shows the check of what stands in the form; `fitting` is like `studio.generate.fitting`."""

    def __init__(self, desk: Desk, draft: Draft, fitting: ModuleType | Any = fitting_of_painting) -> None:
        self.desk, self.draft, self.fitting = desk, draft, fitting
        self._view = FitView(desk, fitting)
        self._card: tuple[float, bool] = (0.0, False)

    def html(self) -> str:
        """The check, or nothing where there is no card or the form is not complete."""
        if not self._has_card():
            return ""
        try:
            settings = in_form(self.draft.last()).model_copy(update=NO_MATTER)
        except SettingsError:
            return ""
        return self._view.html(settings)  # type: ignore[arg-type]

    def pressed(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
        """What a button of the check changes in the form, and a sentence that says it."""
        if given.get("act") == "saver":
            return {str(given["field"]): json.loads(str(given["value"]))}, ""
        changes, fit = self.fitting.fit_to_card(in_form(self.draft.last()), self.desk.workspace)
        told = ", ".join(f"{LABELS[name]}: {value}" for name, value in changes.items())
        return dict(changes), f"{told}. {fit.sentence}" if told else fit.sentence

    def _has_card(self) -> bool:
        at, there = self._card
        if not at or time.monotonic() - at > AGAIN:
            there = self.fitting.this_card() is not None
            self._card = (time.monotonic(), there)
        return there


def in_form(values: Mapping[str, Any], **more: Any) -> GenerateSettings:
    """The settings that stand in a form, its empty fields as they are at first; raises `SettingsError`."""
    named = {name: value for name, value in values.items() if name in GenerateSettings.model_fields}
    rows = [row for row in named.pop("adapters", None) or () if row.get("on")]
    known = {name: value for name, value in named.items() if value is not None}
    return GenerateSettings.parse({**known, "adapters": rows, **more})
