"""Tasks: the settings of each single picture of a job, with nothing left to chance."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from studio.generate.prompts.checking import check_words
from studio.generate.prompts.styles import find_styles, in_styles
from studio.generate.prompts.tags import take_loras
from studio.generate.prompts.wildcards import expand
from studio.generate.settings import GenerateSettings
from studio.generate.sheet import Cell, cells
from studio.workspace import Workspace

MOST = 2**31


@dataclass(frozen=True)
class Task:
    """One picture: settings with its seed, its own words and all its adapters.

    `written` is what the person wrote where that was something else: lots, styles, tags. `cell` is the
    picture's place in a sheet.
    """

    settings: GenerateSettings
    written: dict[str, str] = field(default_factory=dict)
    cell: Cell | None = None


def make_tasks(settings: GenerateSettings, workspace: Workspace, seed: int) -> list[Task]:
    """The pictures of a job; `seed` counts where the settings leave it open.

    Raises `SettingsError` for words that cannot be read, and for an axis that cannot be followed.
    """
    check_words(settings, workspace)
    first = seed if settings.seed < 0 else settings.seed
    fixed = settings.model_copy(update={"seed": first, "variation_seed": _variation_seed(settings, first)})
    if settings.sheet:
        return [_task(each.settings, workspace, cell=each) for each in cells(fixed)]
    return [_task(_numbered(fixed, number), workspace) for number in range(settings.count)]


def batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Neighbours that can be painted together: alike in everything but seed and words."""
    batch: list[Task] = []
    for task in tasks:
        if batch and (len(batch) >= task.settings.batch_size or _kind(batch[0]) != _kind(task)):
            yield batch
            batch = []
        batch.append(task)
    if batch:
        yield batch


def _kind(task: Task) -> GenerateSettings:
    return task.settings.model_copy(update={"seed": 0, "variation_seed": 0, "prompt": "", "negative": ""})


def _numbered(settings: GenerateSettings, number: int) -> GenerateSettings:
    """Picture i has seed + i; of variations, the seed stays and its variation's moves on."""
    moving = "variation_seed" if settings.variation else "seed"
    return settings.model_copy(update={moving: (getattr(settings, moving) + number) % MOST})


def _variation_seed(settings: GenerateSettings, seed: int) -> int:
    return settings.variation_seed if settings.variation_seed >= 0 else random.Random(seed).randrange(MOST)


def _task(settings: GenerateSettings, workspace: Workspace, cell: Cell | None = None) -> Task:
    lots = settings.variation_seed if settings.variation else settings.seed
    styled = in_styles(find_styles(workspace, settings.style), settings.prompt, settings.negative)
    prompt, negative = (expand(workspace, text, lots) for text in styled)
    prompt, named = take_loras(prompt)
    written = {name: getattr(settings, name) for name in ("prompt", "negative", "style")}
    told = {"prompt": prompt, "negative": negative, "style": ""}
    one = settings.model_copy(
        update={**told, "adapters": (*settings.adapters, *named), "count": 1, "sheet": ()}
    )
    return Task(one, written if written != told else {}, cell)
