"""The plan of a generation: every setting that was left to the base is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.generate.samplers._base import is_flow, usable_steps
from studio.generate.settings import SAMPLERS, GenerateSettings, Mix

if TYPE_CHECKING:
    from studio.families._base import Model


@dataclass(frozen=True)
class Plan:
    """Settings without anything left open, and a note for each that could not be followed to the letter."""

    settings: GenerateSettings
    notes: tuple[str, ...]

    def picture(self, number: int) -> GenerateSettings:
        """The settings that paint one picture of the batch by itself: picture i has seed + i."""
        return self.settings.model_copy(update={"seed": (self.settings.seed + number) % 2**31, "count": 1})

    def scheduler(self, config: Any) -> Any:
        """A fresh diffusers scheduler; `config` is that of the base's own."""
        return SAMPLERS.get(self.settings.sampler).build(config)


def make_plan(
    settings: GenerateSettings, model: Model, config: Any, *, prompt: str, mixes: Sequence[Mix], seed: int
) -> Plan:
    """Fill in what is left to the base; `prompt` is without tags, `mixes` has those that they named."""
    defaults = model.family.defaults
    width, height = (
        _rounded(side or defaults.resolution, model.side_multiple)
        for side in (settings.width, settings.height)
    )
    sampler = settings.sampler if settings.sampler != "auto" else defaults.sampler
    if is_flow(config):
        sampler = "auto"
    asked = settings.steps or defaults.steps
    most = SAMPLERS.get(sampler).most_steps or asked
    steps = min(asked, most)
    if not is_flow(config):
        steps = usable_steps(SAMPLERS.get(sampler).build(config), steps)
    filled = settings.model_copy(
        update={
            "prompt": prompt,
            "adapters": tuple(mixes),
            "width": width,
            "height": height,
            "sampler": sampler,
            "steps": steps,
            "guidance": settings.guidance or defaults.guidance,
            "seed": seed,
        }
    )
    notes = []
    if (settings.width or width, settings.height or height) != (width, height):
        notes.append(
            f"The size was rounded to {width} × {height}, "
            f"because this base needs sides in steps of {model.side_multiple}."
        )
    if settings.sampler not in (sampler, "auto"):
        notes.append("It was painted with the base model's own sampler, because the others do not suit it.")
    if steps != asked:
        notes.append(f"It was painted in {steps} steps instead of {asked}, which {sampler} cannot do here.")
    return Plan(filled, tuple(notes))


def _rounded(side: int, multiple: int) -> int:
    return max(multiple, round(side / multiple) * multiple)
