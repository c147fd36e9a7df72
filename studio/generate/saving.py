"""Saving what was painted: files that carry their recipe, and the sheet of a job."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio.generate.opened import audible
from studio.generate.pictures import save_picture
from studio.generate.recipe import Recipe, UsedAdapter
from studio.generate.settings import GenerateSettings
from studio.generate.sheet import Cell
from studio.generate.sheet_drawing import draw_sheet
from studio.generate.tasks import Task
from studio.jobs.context import Context
from studio.workspace import Workspace, free_path

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.adapters.reading import Adapter
    from studio.generate.opened import Opened

SUFFIXES = {"png": ".png", "webp": ".webp", "jpeg": ".jpg"}


class Saver:
    """Writes the pictures of one job, and its sheet at the end, whole or as far as it came."""

    def __init__(self, context: Context, settings: GenerateSettings) -> None:
        self._context, self._settings = context, settings
        self._cells: dict[tuple[int, ...], tuple[Cell, Image]] = {}
        self._last: Recipe | None = None
        self._used: dict[str, UsedAdapter] = {}  # over all cells

    def save(
        self, opened: Opened, task: Task, made: GenerateSettings, image: Image, adapters: Sequence[Adapter]
    ) -> Path:
        """Save one picture with the settings that made it, and tell of it."""
        recipe = _recipe(opened, task, made, adapters, self._context)
        path = _free_place(self._context.workspace, str(made.seed), made.format)
        save_picture(image, path, recipe.texts())
        facts = {"cell": list(task.cell.place), "labels": list(task.cell.labels)} if task.cell else {}
        self._context.artifact("picture", path, seed=made.seed, prompt=made.prompt, **facts)
        if task.cell is not None:
            self._cells[task.cell.place], self._last = (task.cell, image), recipe
            self._used |= {used.name: used for used in recipe.adapters}
        return path

    def end(self) -> None:
        """Draw the sheet of what was painted, if the job is one."""
        if not self._cells or self._last is None:
            return
        sheet = draw_sheet(self._settings.sheet, self._cells)
        values = self._settings.model_dump(mode="json")
        first = {"seed": next(iter(self._cells.values()))[0].settings.seed, "format": "png"}
        used = {name: self._last.values[name] for name in ("width", "height", "steps", "guidance")}
        weights = {mix.name: mix.weight for mix in self._settings.adapters}
        adapters = (replace(one, weight=weights.get(one.name, one.weight)) for one in self._used.values())
        recipe = replace(self._last, values={**values, **used, **first}, adapters=tuple(adapters))
        path = _free_place(self._context.workspace, "sheet", "png")
        save_picture(sheet, path, recipe.texts())
        self._context.artifact("sheet", path, cells=len(self._cells))


def _recipe(
    opened: Opened, task: Task, made: GenerateSettings, adapters: Sequence[Adapter], context: Context
) -> Recipe:
    used = (
        UsedAdapter(mix.name, mix.weight, mix.text, adapter.receipt.hash)
        for mix, adapter in zip(made.adapters, adapters, strict=True)
        if (mix.weight or mix.text) and mix in audible(made.adapters)
    )
    return Recipe(
        made.model_copy(update={"batch_size": 1}).model_dump(mode="json"),
        model=opened.title,
        model_hash=opened.model.base_hash,
        scheduler=type(opened.pipeline.scheduler).__name__,
        adapters=tuple(used),
        versions=context.run.versions,
        written=task.written,
    )


def _free_place(workspace: Workspace, name: str, kind: str) -> Path:
    """A file in the folder of the day, named by the time and the seed."""
    now = time.localtime()
    folder = workspace.outputs / time.strftime("%Y-%m-%d", now)
    return free_path(folder / f"{time.strftime('%H%M%S', now)}-{name}{SUFFIXES[kind]}")
