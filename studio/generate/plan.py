"""The plan of a picture: every setting that was left to the base is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.generate.fast import Fast
from studio.generate.prompts.encoding import left_aside
from studio.generate.samplers._base import Sampler, is_flow, usable_steps
from studio.generate.settings import SAMPLERS, SCHEDULES, GenerateSettings
from studio.models.source import MINIATURES

if TYPE_CHECKING:
    from studio.families._base import Model

DWARFED = 2  # times as many pixels on a side as the base paints, and it is told


@dataclass(frozen=True)
class Plan:
    """Settings without anything left open, and a note for each that could not be followed to the letter."""

    settings: GenerateSettings
    notes: tuple[str, ...]

    def scheduler(self, config: Any) -> Any:
        """A fresh diffusers scheduler; `config` is that of the base's own."""
        return SAMPLERS.get(self.settings.sampler).build(config, self.settings.schedule)


def make_plan(
    settings: GenerateSettings,
    model: Model,
    config: Any,
    *,
    fast: Fast | None = None,
    size: tuple[int, int] | None = None,
) -> Plan:
    """Fill in what is left to the base, or to an adapter for few steps.

    `config` is that of the base's own scheduler, `size` that of the picture to start from, if there is one.
    """
    defaults, notes = model.family.defaults, []
    if fast is not None:
        settings, told = fast.fill(settings, flow=is_flow(config))
        notes.append(told)
    width, height = _size(settings, model, size)
    sampler = _sampler(settings.sampler, defaults.sampler, config, notes)
    schedule = _schedule(settings.schedule, sampler, config, notes)
    asked = settings.steps or defaults.steps
    steps = min(asked, sampler.most_steps or asked)
    if not is_flow(config):
        steps = usable_steps(sampler.build(config, schedule), steps)
    if steps != asked:
        notes.append(
            f"It was painted in {steps} steps instead of {asked}, which {sampler.name} cannot do here."
        )
    if (settings.width or width, settings.height or height) != (width, height):
        notes.append(
            f"The size was rounded to {width} × {height}, "
            f"because this base needs sides in steps of {model.side_multiple}."
        )
    filled: dict[str, object] = {
        "width": width,
        "height": height,
        "steps": steps,
        "guidance": settings.guidance or defaults.guidance,
        "sampler": sampler.name,
        "schedule": schedule,
    }
    if size is not None and min(size) >= DWARFED * defaults.resolution:
        notes.append(_dwarfed(settings.base, size, (width, height)))
    notes += _left_aside(settings, model)
    return Plan(settings.model_copy(update=filled), tuple(filter(None, notes)))


def _sampler(asked: str, usual: str, config: Any, notes: list[str]) -> Sampler:
    sampler = SAMPLERS.get(asked if asked != "auto" else usual)
    if sampler.suits(config):
        return sampler
    if asked != "auto":
        notes.append(
            f"It was painted with the base model's own sampler, because {sampler.title} does not suit it."
        )
    return SAMPLERS.get("auto")


def _schedule(asked: str, sampler: Sampler, config: Any, notes: list[str]) -> str:
    if asked in sampler.schedules(config):
        return asked
    notes.append(
        f"{sampler.title} cannot follow the schedule {SCHEDULES.get(asked).title} here; it took its own."
    )
    return "auto"


def _dwarfed(base: str, picture: tuple[int, int], painted: tuple[int, int]) -> str:
    told = (
        f"The picture to start from, {picture[0]} × {picture[1]}, was brought down to "
        f"{painted[0]} × {painted[1]}: what is finer than that is lost."
    )
    if base in MINIATURES:
        told += " A miniature knows drawings alone; for photographs choose another base model."
    return told


def _left_aside(settings: GenerateSettings, model: Model) -> list[str]:
    notes = []
    if any(left_aside(model, text) for text in (settings.prompt, settings.negative)):
        notes.append("This base reads a prompt as a whole, so weights and BREAK in it were left aside.")
    if settings.clip_skip > 1 and not model.chunk:
        notes.append("This base has no clip skip, so it was left aside.")
    if settings.variation and settings.image:
        notes.append("A variation begins with a prompt alone, so it was left aside beside a picture.")
    return notes


def _size(settings: GenerateSettings, model: Model, start: tuple[int, int] | None) -> tuple[int, int]:
    """A side left open is the family's, or follows the picture to start from."""
    usual = model.family.defaults.resolution
    width, height = settings.width, settings.height
    if start is not None and not (width and height):
        scale = min(1.0, 2 * usual / max(start))
        scale = width / start[0] if width else height / start[1] if height else scale
        width, height = width or round(start[0] * scale), height or round(start[1] * scale)
    return _rounded(width or usual, model.side_multiple), _rounded(height or usual, model.side_multiple)


def _rounded(side: int, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)


def told_once(plans: Sequence[Plan]) -> list[str]:
    """The notes of several plans, each of them once."""
    return list(dict.fromkeys(note for plan in plans for note in plan.notes))
