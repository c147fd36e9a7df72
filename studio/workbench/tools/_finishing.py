"""What the tools that write a LoRA end with: save it, check it by a picture, tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.adapters.workbench.loose import Loose
from studio.adapters.workbench.merging import Merged
from studio.adapters.workbench.saving import save
from studio.errors import StudioError
from studio.workbench.checking import Check, Scene, check
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora


def finish(
    job: Job,
    settings: MakesLora,
    made: Merged,
    sources: Sequence[Loose],
    *,
    target: Path,
    note: str,
    exact: bool = True,
    partly: bool = False,
) -> str:
    """Write what was made of `sources`, with a line on how, and check it; the sentence of it all.

    `exact` where it should paint the same as before, `partly` where it has only some of the layers.
    """
    save(target, made.changes, sources, note=note, numbers=settings.precision)
    kept = "" if made.energy > 0.9999 else f"It keeps {made.energy:.1%} of the change."
    told = told_of_check(job, settings, target, exact=exact, partly=partly)
    return " ".join(filter(None, (f"“{target.stem}” is made.", kept, told)))


def told_of_check(
    job: Job, settings: MakesLora, target: Path, *, exact: bool = True, partly: bool = False
) -> str:
    """Tell of the new LoRA, after both were painted if the person wants; the sentence on that."""
    found = _checked(job, settings, target, exact=exact, partly=partly) if settings.check else None
    job.made(target, found.after if found else None)
    return found.sentence(exact=exact) if found else ""


def _checked(job: Job, settings: MakesLora, target: Path, *, exact: bool, partly: bool) -> Check | None:
    try:
        base = job.base_for([part.name for part in settings.loras], settings.base)
    except StudioError as fault:
        job.note(f"It was not checked by a picture. {fault}")
        return None
    several = len(settings.loras) > 1  # what is made of one keeps its strength, whatever the slider says
    parts = [(job.path(part.name), part.weight if several else 1.0) for part in settings.loras]
    before = Scene(base, parts, as_in=target if partly else None)
    return check(job, before, Scene(base, [(target, 1.0)]), exact=exact)
