"""Suggest: a small search over weights and windows, shown as a sheet from which one picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools._base import Tool

if TYPE_CHECKING:
    from PIL.Image import Image

    from studio.adapters.suggesting import Suggestion
    from studio.generate.opened import Opened


class SuggestSettings(WorkbenchSettings):
    """What the pictures show, and how many are painted."""

    task: str = Knob("suggest", label="Tool", help="What to do.", widget="hidden")
    prompt: str = Knob(
        "", widget="lines", label="Prompt", help="What the pictures show; empty is made of the trigger words."
    )
    tries: int = Knob(12, ge=4, le=40, step=1, label="Pictures", help="How many mixes are tried.")
    base: str = Knob(
        "", widget="base", advanced=True, label="Base model", help="To paint with; empty is one that fits."
    )


class Suggest(Tool):
    """Pattern search from equal shares; scored where a CLIP is at hand."""

    name, title, verb, order = "suggest", "Suggest a mix", "Suggest", 8
    about = "Paints a sheet of mixes at one seed, the most balanced first; you pick one."
    settings, least, most = SuggestSettings, 2, 8

    def work(self, job: Job, settings: SuggestSettings) -> str:
        """Paint each alone, then mixes; tell of each as it comes."""
        from studio.adapters.mixing import Portion
        from studio.adapters.suggesting import suggest
        from studio.workbench.checking import prompt_for

        base = job.base_for([part.name for part in settings.loras], settings.base)
        opened = job.opened(base)
        adapters = [opened.read(job.path(part.name)) for part in settings.loras]
        words = settings.prompt.strip() or prompt_for(opened, [Portion(each, 1.0) for each in adapters])
        sheet = _Sheet(job, opened, settings, words)
        judge = sheet.judge()
        found = suggest([part.weight for part in settings.loras], judge, tries=settings.tries, seed=0)
        opened.apply([])
        sheet.rank(found)
        scored = (
            "the most balanced first" if sheet.eyes else "in no order, for no CLIP is at hand to score them"
        )
        return f"{len(found)} mixes were tried, {scored}. Pick the one that you like."


class _Sheet:
    """Paints the tries, keeps and scores them."""

    def __init__(self, job: Job, opened: Opened, settings: SuggestSettings, words: str) -> None:
        from studio.models.source import resolve
        from studio.train.verdict.eyes import Eyes, find_eyes

        self.job, self.opened, self.settings, self.words = job, opened, settings, words
        self.done, self.total = 0, settings.tries + len(settings.loras)
        folder = find_eyes(resolve(opened.base, job.workspace), job.workspace)
        self.eyes = Eyes(folder, opened.model.device) if folder else None
        self.painted: dict[Suggestion, str] = {}

    def judge(self) -> Any:
        """The score of a try: how near it is to each LoRA's own picture, the farthest counting most.

        Without a CLIP all are the same.
        """
        alone = [self._paint(weights, ((0.0, 1.0),) * len(weights)) for weights in _each_alone(self.settings)]
        own = self.eyes.see(alone) if self.eyes else None

        def score(tried: Suggestion) -> float:
            picture = self._paint(tried.weights, tried.windows)
            path = self.job.folder / f"try-{len(self.painted) + 1}.png"
            picture.save(path)
            self.painted[tried] = str(path)
            self._tell(tried, path, 0.0)
            if self.eyes is None or own is None:
                return 0.0
            near = (self.eyes.see([picture]) @ own.T)[0]
            return float(near.min() + 0.25 * near.mean())

        return score

    def rank(self, found: Sequence[Suggestion]) -> None:
        """Tell the order, once all are there."""
        from dataclasses import replace

        order = [self.painted[replace(tried, score=0.0)] for tried in found]
        self.job.context.artifact("order", "", pictures=order)

    def _tell(self, tried: Suggestion, path: Any, score: float) -> None:
        parts = zip(self.settings.loras, tried.weights, tried.windows, strict=True)
        mix = [
            {"name": part.name, "weight": weight, "start": window[0], "end": window[1]}
            for part, weight, window in parts
        ]
        self.job.context.artifact("suggestion", path, mix=mix, prompt=self.words)

    def _paint(self, weights: Sequence[float], windows: Sequence[tuple[float, float]]) -> Image:
        from studio.generate.settings import Mix
        from studio.workbench.painting import paint, steps_of

        self.job.watch("Painting mixes")(self.done, self.total)
        self.done += 1
        self.opened.mix(
            self.job.workspace,
            [
                Mix(name=part.name, weight=weight, start=window[0], end=window[1])
                for part, weight, window in zip(self.settings.loras, weights, windows, strict=True)
            ],
            remember=False,
        )
        stepping = self.opened.stepping("sum", steps_of(self.opened))
        return paint(self.job, self.opened, self.words, stepping=stepping)


def _each_alone(settings: SuggestSettings) -> list[tuple[float, ...]]:
    count = len(settings.loras)
    return [tuple(1.0 if number == index else 0.0 for number in range(count)) for index in range(count)]


ENTRY = Suggest()
