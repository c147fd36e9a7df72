"""Samples: pictures of the same prompts at the same seeds, to watch the LoRA learn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from studio.jobs.context import Context
from studio.train.loop import Loop
from studio.train.painting import paint
from studio.train.wording import says
from studio.workspace import writing


class Sampler:
    """Paints each prompt with the model as it is; prompt number i has the run's seed + i.

    At step 0 the network does nothing yet: those are the base model's pictures, to compare with.
    """

    def __init__(self, context: Context, loop: Loop) -> None:
        self.context, self.loop, self.plan = context, loop, loop.material.plan
        self.folder = context.folder / "samples"

    def paint(self, step: int, *, asked: bool = False) -> None:
        """Paint and show those samples of a step that are not there yet; can be stopped between two."""
        wanted = [number for number in range(len(self.plan.prompts)) if not self._path(step, number).exists()]
        if wanted:
            with self.loop.at_rest():
                self._paint(step, wanted, asked)

    def newest(self) -> Path | None:
        """The last sample of the first prompt, the one with the trigger word."""
        return max(self.folder.glob("step-*-1.png"), default=None)

    def _paint(self, step: int, wanted: Sequence[int], asked: bool) -> None:
        import torch

        with torch.no_grad():
            negative = self.loop.prompts([""])
        for number in wanted:
            if self.loop.crew.count == 1:  # of several processes none may stop alone
                self.context.check()
            prompt, seed = self.plan.prompts[number], self.context.run.seed + number
            with torch.no_grad():
                told = self.loop.prompts([prompt])
            painted = paint(self.loop.model, told, negative, [seed], side=self.plan.resolution)
            path = self._path(step, number)
            with writing(path, "wb") as file:
                painted[0].save(cast("IO[bytes]", file), "PNG")
            trigger = self.loop.settings.trigger
            facts = {"prompt": prompt, "step": step, "seed": seed, "base": step == 0, "asked": asked}
            self.context.artifact("sample", path, **facts, trigger=bool(trigger) and says(prompt, trigger))

    def _path(self, step: int, number: int) -> Path:
        return self.folder / f"step-{step:06d}-{number + 1}.png"
