"""Resize: the same LoRA in a smaller file."""

from __future__ import annotations

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class ResizeSettings(MakesLora):
    """How small."""

    task: str = Knob("resize", label="Tool", help="What to do.", widget="hidden")
    energy: float = Knob(
        0.95,
        ge=0.05,
        le=1,
        step=0.01,
        label="Keep",
        help="The part of the change to keep; each layer gets the lowest rank that does.",
    )
    rank: int = Knob(
        0,
        ge=0,
        le=1024,
        widget="auto",
        label="Rank",
        help="The same for all layers; auto (0) goes by “Keep”.",
    )


class Resize(Tool):
    """The nearest LoRA of a lower rank; other kinds become LoRAs by it."""

    name, title, verb, order = "resize", "Make smaller", "Make smaller", 20
    about = "A smaller file that does nearly the same; LoHa, LoKr and others become plain LoRAs."
    settings, most = ResizeSettings, 1

    def work(self, job: Job, settings: ResizeSettings) -> str:
        """Resize, write, check."""
        from studio.adapters.workbench.reshaping import resize
        from studio.workbench.tools._finishing import finish

        loose = job.loose(settings.loras[0].name, settings.base)
        target = job.target(settings.to, f"{loose.name} small")
        energy = 1.0 if settings.rank else settings.energy
        made = resize(loose, rank=settings.rank, energy=energy, progress=job.watch("Making it smaller"))
        told = finish(
            job,
            settings,
            made,
            [loose],
            target=target,
            note=f"{loose.name}, resized",
            exact=made.energy > 0.999,
        )
        return f"{told} {_sizes(job, settings, target.stat().st_size)}"


def _sizes(job: Job, settings: ResizeSettings, now: int) -> str:
    before = job.path(settings.loras[0].name).stat().st_size
    return f"The file has {now / before:.0%} of its size."


ENTRY = Resize()
