"""The three choices that fill a training's form: on which base, a subject or a style, how thoroughly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from studio.presets import Known
from studio.settings import knobs
from studio.train.settings import TrainSettings
from studio.train.wording import STYLE

Values = Mapping[str, Any]
PURPOSES = {"subject": "A subject", "style": "A style"}
FIRST = "pocket-subject"
"""The preset that a new window begins with."""
PERSONAL = frozenset({"dataset", "name", "seed", "trigger", "class_word"})
"""What belongs to one training and not to a preset."""


@dataclass(frozen=True)
class Quality:
    """How long a training is, against what its preset says, and how thoroughly it is judged."""

    name: str
    title: str
    steps: float = 1.0
    verdict: str = ""


QUALITIES = {
    one.name: one
    for one in (
        Quality("quick", "Quick", steps=0.4, verdict="quick"),
        Quality("good", "Good"),
        Quality("best", "Best", steps=1.5, verdict="full"),
    )
}


class Followed(NamedTuple):
    """What was chosen when the form last followed, and the values that it gave."""

    choices: Mapping[str, Any]
    values: Mapping[str, Any]

    @classmethod
    def of(cls, text: str) -> Followed:
        """What `text` wrote down."""
        return cls(*json.loads(text))

    @property
    def text(self) -> str:
        """As JSON: the page keeps it, so that a request that overtook another is seen as it was made."""
        return json.dumps(self)


def changes_in_words(changes: Values) -> str:
    """Settings as one says them in a sentence: "learning rate 0.0001, mirror at random on"."""
    labels = {knob.name: knob.label for knob in knobs(TrainSettings)}
    said = ((labels.get(name, name), in_words(value)) for name, value in changes.items())
    return ", ".join(f"{label[:1].lower()}{label[1:]} {value}" for label, value in said)


def in_words(value: Any) -> str:
    """The value of a setting as one says it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value) or "empty"


def with_quality(values: Values, quality: str) -> dict[str, Any]:
    """The values of a preset at a quality; “good” is what the preset says."""
    chosen = QUALITIES[quality]
    steps = int(values.get("steps", TrainSettings.model_fields["steps"].default) * chosen.steps)
    judged = {"verdict": chosen.verdict} if chosen.verdict else {}
    return {**values, "steps": max(1, steps), **judged}


def quality_of(preset: Values, values: Values) -> str:
    """The quality at which a preset gives the steps of these values; “good” where none does."""
    fitting = (name for name in QUALITIES if with_quality(preset, name)["steps"] == values.get("steps"))
    return next(fitting, "good")


def purpose_of(values: Values) -> str:
    """What is taught with these values."""
    said = str(values.get("class_word", "")).strip().casefold()
    return "style" if said in ("", STYLE) else "subject"


def preset_for(presets: Mapping[str, Known], *, family: str, base: str, purpose: str) -> str:
    """The studio's own preset for a base and a purpose; empty where there is none."""
    fitting = (
        name
        for name, known in presets.items()
        if not known.own
        and known.preset.purpose == purpose
        and (family in known.preset.families or (not family and known.preset.values.get("base") == base))
    )
    return next(fitting, "")


def nearest(presets: Mapping[str, Known], values: Values, purpose: str) -> str:
    """The preset whose values agree most with these and the purpose; of equals the one that says more."""

    def agreement(name: str) -> tuple[float, int]:
        own = {key: value for key, value in presets[name].preset.values.items() if key not in ("steps",)}
        agreeing = sum(values.get(key) == value for key, value in own.items())
        right = presets[name].preset.purpose in ("", purpose)
        return (agreeing / max(1, len(own)) + (0.5 if right else 0), len(own))

    return max(presets, key=agreement, default="")
