"""What programs call things, in the studio's words; values that it cannot have become sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from studio.errors import SettingsError
from studio.generate.recipe import Recipe, UsedAdapter
from studio.generate.samplers._base import Sampler
from studio.generate.schedules._base import Schedule
from studio.generate.settings import OLD_NAME, SAMPLERS, SCHEDULES, GenerateSettings

KARRAS_ENDING = "_k"  # InvokeAI's


def make_recipe(
    program: str,
    values: Mapping[str, Any],
    *,
    adapters: Iterable[UsedAdapter] = (),
    model: str = "",
    model_hash: str = "",
    notes: Iterable[str] = (),
) -> Recipe:
    """A recipe of what can be used of these values; None and "" among them are left out."""
    used = tuple(adapters)
    given = {name: value for name, value in values.items() if value not in (None, "")}
    if used:
        given["adapters"] = [_mix(each) for each in used]
    usable, refused = usable_values(given)
    return Recipe(
        usable,
        model=model,
        model_hash=model_hash,
        adapters=used,
        notes=(*notes, *refused),
        program=program,
    )


def usable_values(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Those of the values that are settings and possible ones, and a sentence for each of the others."""
    usable, refused = {}, []
    if values.get("sampler") == OLD_NAME:
        values = {**values, "sampler": "dpmpp_2m", "schedule": "karras"}
    for name, value in values.items():
        try:
            usable[name] = GenerateSettings.parse({name: value}).model_dump(mode="json")[name]
        except SettingsError as fault:
            refused.append(str(fault))
    return usable, tuple(refused)


def sampling(label: str, schedule: str = "") -> tuple[dict[str, str], list[str]]:
    """The settings that a sampler's and a schedule's names mean in any program, and what is not known."""
    if not label:
        return {}, []
    name, ending = _parted(label)
    sampler, notes = _sampler(name), []
    if sampler is None:
        return {}, [f"The studio has no sampler “{label[:60]}”, so it takes the base model's own."]
    values = {"sampler": sampler.name}
    found = ending or _schedule(schedule)
    if found is not None:
        values["schedule"] = found.name
    elif schedule:
        notes.append(
            f"The studio has no schedule “{schedule[:60]}”, so it takes what the sampler is known for."
        )
    return values, notes


def size(text: str) -> dict[str, str]:
    """`512x768`, or `(512, 768)`, as width and height."""
    width, _, height = text.strip("() ").replace(",", "x").partition("x")
    return {"width": width.strip(), "height": height.strip()} if width and height else {}


def _mix(used: UsedAdapter) -> dict[str, Any]:
    return {"name": used.name, "weight": used.weight, "text": used.text}


def _parted(label: str) -> tuple[str, Schedule | None]:
    """The name without the schedule that older programs put behind it: “DPM++ 2M Karras”, “euler_k”."""
    name, _, last = label.rpartition(" ")
    schedule = _schedule(last) if name else None
    if schedule is not None:
        return name, schedule
    if label.endswith(KARRAS_ENDING) and _sampler(label.removesuffix(KARRAS_ENDING)):
        return label.removesuffix(KARRAS_ENDING), SCHEDULES.get("karras")
    return label, None


def _sampler(label: str) -> Sampler | None:
    wanted = label.casefold().removesuffix("_gpu")
    for sampler in SAMPLERS:
        if sampler.label and wanted in (
            n.casefold() for n in (sampler.label, sampler.name, *sampler.aliases)
        ):
            return sampler
    return None


def _schedule(label: str) -> Schedule | None:
    wanted = label.casefold()
    for schedule in SCHEDULES:
        if wanted in (name.casefold() for name in (schedule.title, schedule.name, *schedule.aliases)):
            return schedule
    return None
