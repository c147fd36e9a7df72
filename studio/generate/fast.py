"""Adapters for few steps (LCM, Lightning, Turbo, Hyper, TCD, DMD2) are recognised and set what they need."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from studio.adapters.reading import Adapter
from studio.generate.settings import GenerateSettings

TELLING = ("ss_output_name", "modelspec.title", "modelspec.description", "ss_training_comment")
STEPS = re.compile(r"(?<!\d)(\d{1,2})[ _-]?steps?\b")


@dataclass(frozen=True)
class Habit:
    """What a kind of such adapters needs: arXiv 2311.05556, 2402.13929, 2311.17042, 2404.13686 …"""

    title: str
    mark: str
    sampler: str
    schedule: str
    steps: int
    guidance: float


KINDS = (
    Habit("LCM", r"lcm", "lcm", "auto", 6, 1.5),
    Habit("Lightning", r"lightning", "euler", "sgm_uniform", 4, 1.0),
    Habit("Turbo", r"turbo", "euler_a", "sgm_uniform", 4, 1.0),
    Habit("Hyper", r"hyper(sd|[ _-]?(sd|flux))?", "ddim", "sgm_uniform", 8, 1.0),
    Habit("TCD", r"tcd", "tcd", "auto", 4, 1.0),
    Habit("DMD2", r"dmd2?", "lcm", "auto", 4, 1.0),
)


@dataclass(frozen=True)
class Fast:
    """An adapter for few steps that was found in a mix."""

    adapter: str
    kind: Habit
    steps: int

    def fill(self, settings: GenerateSettings, *, flow: bool) -> tuple[GenerateSettings, str]:
        """The settings with what was left open filled in, and a sentence that says so.

        A flow keeps its own sampler and guidance: only the number of steps is another one.
        """
        wanted = {"steps": self.steps}
        if not flow:
            wanted["guidance"] = self.kind.guidance  # type: ignore[assignment]
        filled: dict[str, object] = {n: v for n, v in wanted.items() if not getattr(settings, n)}
        if not flow and (settings.sampler, settings.schedule) == ("auto", "auto"):
            filled |= {"sampler": self.kind.sampler, "schedule": self.kind.schedule}
        if not filled:
            return settings, ""
        said = [f"{filled['steps']} steps"] if "steps" in filled else []
        said += [f"the sampler {self.kind.sampler}"] if "sampler" in filled else []
        said += [f"guidance {self.kind.guidance:g}"] if "guidance" in filled else []
        told = (
            f"“{self.adapter}” is a {self.kind.title} adapter, so it was painted with {' and '.join(said)}."
        )
        return settings.model_copy(update=filled), told


def find_fast(adapters: Iterable[Adapter]) -> Fast | None:
    """The first adapter for few steps, by its name or what its metadata say; None if there is none."""
    for adapter in adapters:
        told = " ".join((adapter.receipt.name, *(adapter.metadata.get(key, "") for key in TELLING)))
        found = fast_kind(told)
        if found is not None:
            return Fast(adapter.receipt.name, *found)
    return None


def fast_kind(text: str) -> tuple[Habit, int] | None:
    """The kind of adapter for few steps that a name tells, and how many it is for."""
    lowered = text.casefold()
    for kind in KINDS:
        if re.search(rf"(?<![a-z]){kind.mark}(?![a-z])", lowered):
            steps = STEPS.search(lowered)
            return kind, int(steps[1]) if steps else kind.steps
    return None
