"""Sheets: told in words, checked before they are painted, and left out where one picture is meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from studio.errors import SettingsError
from studio.generate.settings import Axis, GenerateSettings
from studio.generate.sheet import LORA, ONLY, REPLACE, cells
from studio.settings import knobs

WORDS = {ONLY: "each LoRA alone", REPLACE: "words in the prompt"}


def check_sheet(settings: GenerateSettings) -> None:
    """Raises `SettingsError`, at the sheet's field, for an axis that cannot be or comes twice."""
    for setting, times in Counter(axis.setting for axis in settings.sheet).items():
        if times > 1:
            raise SettingsError(
                f"Sheet: {_called(setting)} is there {'twice' if times == 2 else f'{times} times'}",
                remedy="Write all of its values on one axis, and take the other out.",
                field="sheet",
            )
    cells(settings)


def alone(settings: GenerateSettings) -> GenerateSettings:
    """The same for one picture."""
    return settings.model_copy(update={"sheet": (), "count": 1, "batch_size": 1})


def several(values: Mapping[str, Any]) -> bool:
    """Whether the settings of a job are for more than one picture."""
    return bool(values.get("sheet")) or any(
        int(values.get(name) or 1) > 1 for name in ("count", "batch_size")
    )


def in_words(axes: Sequence[Axis]) -> str:
    """What a sheet compares: “steps, guidance and the weight of fox”."""
    called = [_called(axis.setting) for axis in axes]
    return " and ".join(filter(None, (", ".join(called[:-1]), called[-1])))


def _called(setting: str) -> str:
    if setting.startswith(LORA):
        return f"the weight of {setting.removeprefix(LORA).rpartition('/')[2]}"
    labels = {knob.name: knob.label for knob in knobs(GenerateSettings)}
    label = labels.get(setting, setting)
    return WORDS.get(setting) or (label if label[1:2].isupper() else label[:1].lower() + label[1:])
