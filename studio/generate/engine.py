"""The generation engine: from settings to pictures, warm from job to job."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.generate.fast import find_fast
from studio.generate.live import quick
from studio.generate.opened import WARM, Opened, audible
from studio.generate.painting import Painter
from studio.generate.plan import Plan, make_plan, told_once
from studio.generate.previews import jpeg
from studio.generate.saving import Saver
from studio.generate.settings import GenerateSettings
from studio.generate.starting import start_size
from studio.generate.tasks import Task, batches, make_tasks
from studio.jobs.context import Context

if TYPE_CHECKING:
    from studio.adapters.reading import Adapter


PAINTER = "painter"


class GenerateEngine:
    """Paints the pictures of one job after another; keeps the base open until another one is asked for."""

    def __call__(self, context: Context, settings: GenerateSettings) -> str:
        """Paint, save and tell of each picture; raises `Cancelled` at a step boundary."""
        tasks = make_tasks(settings, context.workspace, context.run.seed)
        saver, said, begun = Saver(context, settings), set[str](), 0
        try:
            for batch in batches(tasks):
                painter = _open(batch[0].settings, context)
                adapters, plans = _prepare(painter.opened, batch, context)
                notes = [painter.opened.status, *map(_left_out, adapters), *told_once(plans)]
                for note in notes:
                    if note and note not in said:
                        context.artifact("note", text=note)
                        said.add(note)
                for number, image in painter.paint(plans, context, begun=begun, count=len(tasks)):
                    saver.save(painter.opened, batch[number], plans[number].settings, image, adapters)
                begun += len(batch)
        finally:
            saver.end()
        return "1 picture is done." if len(tasks) == 1 else f"{len(tasks)} pictures are done."

    def live(self, context: Context, settings: GenerateSettings) -> bytes:
        """A small picture of the settings in few steps, as JPEG; nothing is saved.

        Raises `Cancelled` at the first step at which the context says that it came too late.
        """
        painter = _open(settings, context)
        single = settings.model_copy(update={"sheet": (), "count": 1})
        asked = make_tasks(single, context.workspace, 0)[0].settings
        adapters = painter.opened.mix(context.workspace, asked.adapters, remember=False)
        model, size = painter.opened.model, start_size(asked, context.workspace)
        small = quick(asked, model, find_fast(adapters), size)
        plan = make_plan(small, model, painter.opened.scheduler_config, size=size)
        return jpeg(painter.glance(plan, context))


def _open(settings: GenerateSettings, context: Context) -> Painter:
    """The base of these settings, with what paints on it: both are kept until another base is asked for."""
    opened = WARM.open(settings.base, context.workspace, context, storage=settings.storage)
    painter = opened.kept.get(PAINTER)
    if not isinstance(painter, Painter) or painter.workspace != context.workspace:
        painter = opened.kept[PAINTER] = Painter(opened, context.workspace)
    return painter


def _prepare(opened: Opened, batch: Sequence[Task], context: Context) -> tuple[list[Adapter], list[Plan]]:
    """The mix is made, and what was left open is filled in for each picture."""
    one = batch[0].settings
    adapters = opened.mix(context.workspace, one.adapters)
    heard = [mix in audible(one.adapters) and bool(mix.weight) for mix in one.adapters]
    fast = find_fast(itertools.compress(adapters, heard))
    size = start_size(one, context.workspace)
    model, config = opened.model, opened.scheduler_config
    return adapters, [make_plan(task.settings, model, config, fast=fast, size=size) for task in batch]


def _left_out(adapter: Adapter) -> str:
    """A word on an adapter that was used although it does not fit as a whole."""
    receipt = adapter.receipt
    if receipt.whole:
        return ""
    return (
        f"Of “{receipt.name}”, {sum(receipt.matched.values())} of {receipt.layers} layers act on this base."
    )
