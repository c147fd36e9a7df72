"""Pictures so light or so dark that little can be seen in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.data.dataset import Picture
from studio.data.doctor.findings import Case, Check, Finding, paths, take_out, told
from studio.data.doctor.viewing import View

WHITE = 252  # all three colours above this are burnt out
LIGHT = 235  # a border as light as this is a background
BURNT, BRIGHT = 0.25, 175  # so much of it white, at least so bright on average
WASHED = 245  # half of the picture lighter than this
BACKGROUND = 0.85  # of the border
DIM, DARK = 110, 64  # the lightest pixels, and the average, of an under-exposed picture


class Exposure(Check):
    """Finds burnt-out and very dark pictures; drawings on white and nights with lights are neither."""

    name = "exposure"
    title = "Too light or too dark"
    order = 60
    measures = True

    def measure(self, view: View) -> dict[str, float]:
        """Shares (0…1) of burnt-out pixels and of light ones on the border; brightness (0…255)."""
        grey = np.asarray(view.small.convert("L"))
        edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        darkest_colour = np.asarray(view.small).min(axis=2)
        found = {
            "burnt": (darkest_colour >= WHITE).mean(),
            "border": (edge >= LIGHT).mean(),
            "mean": grey.mean(),
            "median": np.median(grey),
            "lightest": np.percentile(grey, 99.9),
        }
        return {name: round(float(value), 3) for name, value in found.items()}

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for the light ones, one for the dark ones."""
        light = [picture for picture, facts in case.sound() if _burnt(facts[self.name])]
        dark = [picture for picture, facts in case.sound() if _dark(facts[self.name])]
        return [
            *self._told(light, "over-exposed", "Large parts are burnt out to plain white."),
            *self._told(dark, "very dark", "Nothing there is light, and little can be told apart."),
        ]

    def _told(self, pictures: Sequence[Picture], what: str, seen: str) -> list[Finding]:
        if not pictures:
            return []
        return [
            Finding(
                self.name,
                told(len(pictures), f"{{n}} picture{{s}} {{are}} {what}"),
                told(
                    len(pictures),
                    f"{seen} What cannot be seen cannot be learnt, and the model takes the light for part "
                    "of your subject. Correct {them} in a photo editor, or leave {them} out.",
                ),
                paths(pictures),
                (take_out(pictures),),
                verdict=told(len(pictures), f"{{n}} {what} picture{{s}} {{are}} worth a look"),
            )
        ]


def _burnt(facts: dict[str, float]) -> bool:
    on_white = facts["border"] >= BACKGROUND
    burnt = facts["burnt"] >= BURNT and facts["mean"] >= BRIGHT
    return not on_white and (burnt or facts["median"] >= WASHED)


def _dark(facts: dict[str, float]) -> bool:
    return facts["lightest"] <= DIM and facts["mean"] <= DARK


ENTRY = Exposure()
