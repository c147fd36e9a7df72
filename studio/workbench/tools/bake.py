"""Bake: LoRAs made part of a base model."""

from __future__ import annotations

from pathlib import Path

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools._base import Tool
from studio.workspace import free_path, safe_name


class BakeSettings(WorkbenchSettings):
    """Into which model."""

    task: str = Knob("bake", label="Tool", help="What to do.", widget="hidden")
    base: str = Knob("pocket", widget="base", label="Base model", help="A copy of it is changed.")
    to: str = Knob("", label="Save as", help="The name of the new model; empty makes one of the old names.")
    check: bool = Knob(
        True, label="Check by a picture", help="Paints old and new at one seed and says whether they differ."
    )


class Bake(Tool):
    """W₀ + Σ wΔW as a model of its own."""

    name, title, verb, order = "bake", "Bake into a model", "Bake in", 70
    about = "A base model that paints with the chosen LoRAs by itself, in a file of its own."
    settings = BakeSettings

    def work(self, job: Job, settings: BakeSettings) -> str:
        """Copy, change, check."""
        from studio.adapters.mixing import Portion
        from studio.adapters.reading import read_adapter
        from studio.adapters.workbench.baking import bake
        from studio.workbench.checking import Scene, check

        files = job.files(settings.base)
        parts = [(job.path(part.name), part.weight) for part in settings.loras]
        portions = [Portion(read_adapter(path, files.table), weight) for path, weight in parts]
        source = files.source.path
        target = _target(job, settings, source, [path.stem for path, _ in parts])
        bake(source, target, portions, files.table, job.watch("Baking"))
        job.context.artifact("model", target, name=target.name)
        told = f"“{target.stem}” is made; it is in your list of base models."
        found = check(job, Scene(settings.base, parts), Scene(str(target))) if settings.check else None
        return f"{told} {found.sentence(exact=True) if found else ''}".rstrip()


def _target(job: Job, settings: BakeSettings, source: Path, names: list[str]) -> Path:
    """A file or folder in the library of models, or the place that was named."""
    path = Path(settings.to).expanduser()
    if settings.to and path.parent != Path("."):
        return path
    name = safe_name(settings.to or " + ".join((source.stem, *names)))
    return free_path(job.workspace.models / f"{name.removesuffix(source.suffix)}{source.suffix}")


ENTRY = Bake()
