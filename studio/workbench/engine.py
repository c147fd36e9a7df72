"""The engine of the workbench: hands each run to its tool."""

from __future__ import annotations

from studio.jobs.context import Context
from studio.workbench.job import Job
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools import TOOLS


class WorkbenchEngine:
    """Keeps nothing of its own; the base that a check needs is the one that Generate has open."""

    def __call__(self, context: Context, settings: WorkbenchSettings) -> str:
        """Do what the settings say; raises `Cancelled` between two layers or steps."""
        tool = TOOLS.get(settings.task)
        tool.demand_loras(len(settings.loras))
        job = Job(context)
        said = tool.work(job, settings)
        job.finished()
        return said
