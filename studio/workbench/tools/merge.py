"""Merge: one LoRA out of several."""

from __future__ import annotations

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class MergeSettings(MakesLora):
    """How to merge."""

    task: str = Knob("merge", label="Tool", help="What to do.", widget="hidden")
    rule: str = Knob(
        "sum",
        choices=("sum", "ties", "dare"),
        label="Rule",
        help="The sum paints as the mix does; TIES and DARE keep LoRAs that clash from cancelling out.",
    )
    rank: int = Knob(
        0,
        ge=0,
        le=1024,
        widget="auto",
        label="Rank",
        help="A lower one makes it smaller; auto (0) keeps all.",
    )


class Merge(Tool):
    """The sum of ΔW, or a rule on ΔW."""

    name, title, verb, order = "merge", "Merge into one", "Merge", 10
    about = "One LoRA that paints as the chosen ones do together, at their weights."
    settings, least = MergeSettings, 2

    def work(self, job: Job, settings: MergeSettings) -> str:
        """Merge, write, check."""
        from studio.adapters.workbench.merging import merge

        parts = job.loosened(settings.loras, settings.base)
        target = job.target(settings.to, " + ".join(loose.name for loose, _ in parts))
        made = merge(parts, rank=settings.rank, rule=settings.rule, progress=job.watch("Merging"))
        note = f"{settings.rule} of " + ", ".join(f"{loose.name}:{weight:g}" for loose, weight in parts)
        from studio.workbench.tools._finishing import finish

        exact = settings.rule == "sum" and made.energy > 0.9999
        return finish(
            job, settings, made, [loose for loose, _ in parts], target=target, note=note, exact=exact
        )


ENTRY = Merge()
