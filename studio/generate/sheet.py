"""X/Y/Z sheets: pictures that differ in up to three settings, side by side with labels."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import SettingsError
from studio.generate.settings import Axis, GenerateSettings, Mix
from studio.settings import knobs

MOST_CELLS = 400
LORA, ONLY, REPLACE = "lora ", "only", "replace"
WHOLE = frozenset({"sheet", "count", "batch_size", "adapters"})
"""Settings that speak of more than one picture."""


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet: its settings, its place on each axis, and what the axes say there."""

    settings: GenerateSettings
    place: tuple[int, ...]
    labels: tuple[str, ...]


def cells(settings: GenerateSettings) -> list[Cell]:
    """All cells, the first axis running fastest; raises `SettingsError` for an axis that cannot be."""
    axes = settings.sheet
    counts = [range(len(axis.values)) for axis in axes]
    places = [tuple(reversed(place)) for place in itertools.product(*reversed(counts))]
    if len(places) > MOST_CELLS:
        raise SettingsError(
            f"Sheet: it would have {len(places)} pictures",
            remedy=f"Take fewer values; {MOST_CELLS} pictures are the most.",
            field="sheet",
        )
    return [_cell(settings, place) for place in places]


def comparison(settings: GenerateSettings) -> GenerateSettings:
    """“Compare my LoRAs”: each of the mix alone, none and all together, at the same seed."""
    heard = [mix.name for mix in settings.adapters if mix.on and not mix.mute]
    if not heard:
        raise SettingsError("There are no LoRAs to compare", remedy="Add some first.", field="adapters")
    values = ("none", *heard, *(("all",) if len(heard) > 1 else ()))
    return settings.model_copy(update={"sheet": (Axis(setting=ONLY, values=values),), "count": 1})


def _cell(settings: GenerateSettings, place: tuple[int, ...]) -> Cell:
    changed, labels = settings, []
    for axis, index in zip(settings.sheet, place, strict=True):
        try:
            changed = _changed(changed, axis, axis.values[index])
        except SettingsError as fault:
            raise SettingsError(
                f"Sheet: {_named(axis.setting)} cannot be “{axis.values[index][:60]}”",
                why=str(fault),
                field="sheet",
            ) from None
        labels.append(_label(axis, index))
    return Cell(changed.model_copy(update={"sheet": (), "count": 1}), place, tuple(labels))


def _changed(settings: GenerateSettings, axis: Axis, value: str) -> GenerateSettings:
    setting = axis.setting
    if setting == REPLACE:
        if axis.values[0] not in settings.prompt:
            raise SettingsError(f"“{axis.values[0][:60]}” is not in the prompt")
        return _with(settings, prompt=settings.prompt.replace(axis.values[0], value))
    if setting == ONLY:
        return _with(settings, adapters=_only(settings.adapters, value))
    if setting.startswith(LORA):
        return _with(settings, adapters=_weighted(settings.adapters, setting.removeprefix(LORA), value))
    known = [knob.name for knob in knobs(GenerateSettings) if knob.name not in WHOLE]
    if setting not in known:
        raise SettingsError(
            "There is no such setting to compare",
            remedy=f"Choose one of: {', '.join(known)}, only, replace, or “lora” and a name.",
        )
    return _with(settings, **{setting: value})


def _with(settings: GenerateSettings, **values: Any) -> GenerateSettings:
    return GenerateSettings.parse({**settings.model_dump(), **values})


def _only(mixes: Sequence[Mix], value: str) -> list[Mapping[str, Any]]:
    if value not in ("all", "none", *(mix.name for mix in mixes)):
        raise SettingsError("There is no such LoRA in the mix")
    return [
        {**mix.model_dump(), "on": mix.on and (value == "all" or value == mix.name), "solo": False}
        for mix in mixes
    ]


def _weighted(mixes: Sequence[Mix], name: str, value: str) -> list[Mapping[str, Any]]:
    if name not in (mix.name for mix in mixes):
        raise SettingsError("There is no such LoRA in the mix")
    if not re.fullmatch(r"\s*[-+]?\d*\.?\d+\s*", value):
        raise SettingsError("A weight is a number, such as 0.8")
    return [{**mix.model_dump(), **({"weight": value} if mix.name == name else {})} for mix in mixes]


def _named(setting: str) -> str:
    if setting.startswith(LORA):
        return f"the weight of “{setting.removeprefix(LORA)[:60]}”"
    return f"“{setting[:60]}”"


def _label(axis: Axis, index: int) -> str:
    value = axis.values[index]
    if axis.setting == ONLY:
        return {"all": "all LoRAs", "none": "no LoRA"}.get(value, value)
    if axis.setting == REPLACE:
        return value
    return f"{axis.setting.removeprefix(LORA)} {value}"
