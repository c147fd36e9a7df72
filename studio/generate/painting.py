"""Painting: the passes that make a picture, with progress and previews."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from studio.generate.passes import Pass, Pipelines, has_rescale, paint
from studio.generate.plan import Plan
from studio.generate.previews import Previews
from studio.generate.settings import GenerateSettings
from studio.generate.sight import Sight
from studio.generate.starting import Start, make_start
from studio.generate.upscaling import enlarge
from studio.jobs.context import Context
from studio.models.source import resolve
from studio.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.generate.opened import Opened

RESCALE = "Guidance cannot be rescaled here, so it was left as it is."


class Painter:
    """Paints with one opened base; what it makes for that is kept from picture to picture."""

    def __init__(self, opened: Opened, workspace: Workspace) -> None:
        self.opened, self.workspace = opened, workspace
        self.pipelines = Pipelines(opened)

    @cached_property
    def sight(self) -> Sight:
        """What shows latents quickly."""
        source = resolve(self.opened.base, self.workspace)
        folder = source.path if source.kind == "folder" else None
        return Sight(self.opened.model, folder, self.workspace)

    def paint(
        self, plans: Sequence[Plan], context: Context, *, begun: int, count: int
    ) -> Iterator[tuple[int, Image]]:
        """Paint a batch and give each picture with its number in it.

        `begun` pictures of `count` were painted before; raises `Cancelled` at a step boundary.
        """
        one = plans[0].settings
        start = make_start(one, self.workspace) if one.image else None
        if one.rescale and not begun and not has_rescale(self.pipelines, start):
            context.artifact("note", text=RESCALE)
        watch = _Watch(self, context, one, begun=begun, count=count, batch=len(plans))
        if start is not None and not start.strength:
            images = [start.image] * len(plans)
        else:
            images = paint(self.pipelines, Pass(plans, start), watch.first)
        for number, (plan, image) in enumerate(zip(plans, images, strict=True)):
            yield number, self._larger(plan, image, watch, number) if one.upscale > 1 else image

    def glance(self, plan: Plan, context: Context) -> Image:
        """One picture as quickly as can be, shown without the VAE; raises `Cancelled`."""
        start = make_start(plan.settings, self.workspace) if plan.settings.image else None
        if start is not None and not start.strength:
            return start.image

        def watch(_step: int, _of: int, _guess: Any) -> None:
            context.check()

        return self.sight.look(paint(self.pipelines, Pass([plan], start), watch, latent=True))

    def _larger(self, plan: Plan, image: Image, watch: _Watch, number: int) -> Image:
        """The second pass: enlarged, then painted over as far as its strength allows."""
        one, multiple = plan.settings, self.opened.model.side_multiple
        size = (_side(one.width * one.upscale, multiple), _side(one.height * one.upscale, multiple))
        watch.say(number)
        larger = enlarge(image, size, one.upscaler, self.workspace)
        if not one.upscale_strength:
            return larger
        larger_plan = replace(
            plan, settings=one.model_copy(update={"width": size[0], "height": size[1], "variation": 0.0})
        )
        start = Start(larger, None, one.upscale_strength)
        painted: list[Image] = paint(self.pipelines, Pass([larger_plan], start), watch.second(number))
        return painted[0]


class _Watch:
    """Turns the steps of passes into the progress of the job, and checks for Stop after each."""

    def __init__(
        self, painter: Painter, context: Context, one: GenerateSettings, *, begun: int, count: int, batch: int
    ) -> None:
        self._context, self._one = context, one
        self._begun, self._count, self._batch = begun, count, batch
        self._previews = Previews(painter, context)
        again = math.ceil(one.steps * one.upscale_strength) if one.upscale > 1 else 0
        self._each = one.steps + again
        context.check()
        self._tell(0, begun + 1)

    def first(self, step: int, of: int, guess: Any) -> None:
        """After a step of the batch's first pass."""
        self._after(self._batch * self._one.steps * step // of, self._begun + 1, guess)

    def second(self, number: int) -> Any:
        """What is called after each step of a picture's second pass."""
        again = self._each - self._one.steps
        before = self._batch * self._one.steps + number * again

        def after(step: int, of: int, guess: Any) -> None:
            self._after(before + again * step // of, self._begun + number + 1, guess)

        return after

    def say(self, number: int) -> None:
        """That a picture is being enlarged."""
        self._context.check()
        done = self._begun * self._each + self._batch * self._one.steps
        self._context.progress(
            done, self._count * self._each, f"Enlarging picture {self._begun + number + 1}"
        )

    def _after(self, done: int, picture: int, guess: Any) -> None:
        self._context.check()
        self._tell(done, picture)
        if done < self._batch * self._each:
            self._previews.show(guess, self._begun * self._each + done, self._count * self._each)

    def _tell(self, done: int, picture: int) -> None:
        last = self._begun + self._batch
        which = f"Picture {picture}" if self._batch == 1 or done else f"Pictures {picture} to {last}"
        total = self._count * self._each
        self._context.progress(self._begun * self._each + done, total, f"{which} of {self._count}")


def _side(pixels: float, multiple: int) -> int:
    return max(multiple, round(pixels / multiple) * multiple)
