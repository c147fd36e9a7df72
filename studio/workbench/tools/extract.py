"""Extract: what a fine-tuned model has learned, as a LoRA."""

from __future__ import annotations

from studio.adapters.base_files import BaseFiles
from studio.adapters.metadata import AdapterFacts
from studio.adapters.workbench.saving import lineage
from studio.errors import SettingsError
from studio.models.opening import base_hash
from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class ExtractSettings(MakesLora):
    """Out of which model, beside which base."""

    task: str = Knob("extract", label="Tool", help="What to do.", widget="hidden")
    tuned: str = Knob("", widget="base", label="Fine-tuned model", help="The model that learned something.")
    base: str = Knob("pocket", widget="base", label="Base model", help="The model that it was made from.")
    rank: int = Knob(
        32, ge=1, le=1024, step=1, label="Rank", help="A higher one keeps more, in a larger file."
    )


class Extract(Tool):
    """The nearest LoRA to the difference of two models."""

    name, title, verb, order = "extract", "Extract from a model", "Extract", 60
    about = "Takes the difference of a fine-tuned model and its base out as a LoRA."
    settings, least, most = ExtractSettings, 0, 0

    def work(self, job: Job, settings: ExtractSettings) -> str:
        """Extract, write, check against the fine-tuned model itself."""
        from studio.adapters.keying import kohya_changes
        from studio.adapters.workbench.extraction import extract
        from studio.adapters.writing import write_adapter
        from studio.models.opening import precision
        from studio.workbench.checking import Scene, check

        if not settings.tuned:
            raise SettingsError("Fine-tuned model: choose one", field="tuned")
        base, tuned = job.files(settings.base), job.files(settings.tuned)
        target = job.target(settings.to, f"{tuned.source.title} extracted")
        layers = tuned.shared_with(base)
        changes, kept = extract(
            tuned.weight, base.weight, layers, rank=settings.rank, progress=job.watch("Extracting")
        )
        facts = _facts(job, base, tuned, target.stem)
        told = kohya_changes(changes, base.table)
        write_adapter(target, told, facts.to_metadata(), dtype=precision(settings.precision))
        found = None
        if settings.check:
            found = check(
                job, Scene(settings.tuned), Scene(settings.base, [(target, 1.0)]), exact=kept > 0.999
            )
        job.made(target, found.after if found else None)
        said = found.sentence(exact=kept > 0.999) if found else ""
        return f"“{target.stem}” is made. It keeps {kept:.1%} of the difference. {said}".rstrip()


def _facts(job: Job, base: BaseFiles, tuned: BaseFiles, title: str) -> AdapterFacts:
    hashes = [base_hash(files.source, job.workspace) for files in (base, tuned)]
    return AdapterFacts(
        title=title,
        architecture=base.family.architecture,
        base_version=base.family.base_version,
        base=base.source.title,
        base_hash=hashes[0],
        merged_from=lineage([(tuned.source.title, hashes[1])]),
    )


ENTRY = Extract()
