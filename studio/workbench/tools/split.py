"""Split: the part that paints, and the part in the text encoders."""

from __future__ import annotations

from studio.errors import AdapterError
from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class SplitSettings(MakesLora):
    """Nothing beside what all have."""

    task: str = Knob("split", label="Tool", help="What to do.", widget="hidden")


class Split(Tool):
    """Two files of one."""

    name, title, verb, order = "split", "Split picture and words", "Split", 40
    about = "Two LoRAs of one: what paints, and what changes the meaning of words."
    settings, most = SplitSettings, 1

    def work(self, job: Job, settings: SplitSettings) -> str:
        """Write both, check them together."""
        from studio.adapters.workbench.reshaping import split
        from studio.adapters.workbench.saving import save
        from studio.errors import StudioError
        from studio.workbench.checking import Scene, check

        name = settings.loras[0].name
        loose = job.loose(name, settings.base)
        parts = split(loose)
        if not all(part.changes for part in parts):
            raise AdapterError(
                f"“{loose.name}” has no part in the text encoders", remedy="It can stay whole."
            )
        job.watch("Splitting")(0, 2)
        stem, targets = settings.to or loose.name, []
        for part, end in zip(parts, ("picture", "words"), strict=True):
            target = job.target(f"{stem} {end}", "")
            save(target, part.changes, [loose], note=f"The {end} of {loose.name}", numbers=settings.precision)
            targets.append(target)
        found = None
        if settings.check:
            try:
                base = job.base_for([name], settings.base)
                both = Scene(base, [(target, 1.0) for target in targets])
                found = check(job, Scene(base, [(job.path(name), 1.0)]), both)
            except StudioError as fault:
                job.note(f"It was not checked by a picture. {fault}")
        for target in targets:
            job.made(target)
        told = " and ".join(f"“{target.stem}”" for target in targets)
        return f"{told} are made. {found.sentence(exact=True) if found else ''}".rstrip()


ENTRY = Split()
