"""Prune: a LoRA without some of its blocks."""

from __future__ import annotations

from studio.errors import SettingsError
from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class PruneSettings(MakesLora):
    """Which blocks to take out."""

    task: str = Knob("prune", label="Tool", help="What to do.", widget="hidden")
    blocks: tuple[str, ...] = Knob(
        (),
        widget="blocks",
        label="Take out",
        help="Blocks as the file names them; “text” is the text encoders.",
    )


class Prune(Tool):
    """Fewer layers."""

    name, title, verb, order = "prune", "Take blocks out", "Take out", 50
    about = "Leaves out the blocks that you do not want, such as those that bring the background along."
    settings, most = PruneSettings, 1

    def work(self, job: Job, settings: PruneSettings) -> str:
        """Prune, write, check against the mix in which those layers are off."""
        from studio.adapters.workbench.merging import Merged
        from studio.adapters.workbench.reshaping import prune
        from studio.workbench.tools._finishing import finish

        if not settings.blocks:
            raise SettingsError("Take out: choose at least one block", field="blocks")
        loose = job.loose(settings.loras[0].name, settings.base)
        job.watch("Taking blocks out")(0, 1)
        made = Merged(prune(loose, settings.blocks).changes, 1.0)
        target = job.target(settings.to, f"{loose.name} pruned")
        note = f"{loose.name} without {', '.join(settings.blocks)}"
        return finish(job, settings, made, [loose], target=target, note=note, partly=True)


ENTRY = Prune()
