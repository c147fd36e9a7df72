"""Convert: the same LoRA for another program."""

from __future__ import annotations

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import MakesLora
from studio.workbench.tools._base import Tool


class ConvertSettings(MakesLora):
    """Into which format."""

    task: str = Knob("convert", label="Tool", help="What to do.", widget="hidden")
    format: str = Knob(
        "kohya",
        choices=("kohya", "diffusers", "peft"),
        label="Format",
        help="kohya is what A1111, Forge and ComfyUI read; the others are for programmers.",
    )


class Convert(Tool):
    """Other keys, the same changes."""

    name, title, verb, order = "convert", "Convert", "Convert", 30
    about = "The same LoRA in another program's format; nothing of it changes."
    settings, most = ConvertSettings, 1

    def work(self, job: Job, settings: ConvertSettings) -> str:
        """Convert, check; a folder of peft's is left unchecked by the library, which reads files."""
        from studio.adapters.reading import read_adapter
        from studio.adapters.workbench.conversion import convert
        from studio.models.opening import precision
        from studio.workbench.tools._finishing import told_of_check

        name = settings.loras[0].name
        files = job.files(job.base_for([name], settings.base))
        job.watch("Converting")(0, 1)
        adapter = read_adapter(job.path(name), files.table)
        target = job.target(settings.to, f"{adapter.name} {settings.format}")
        folder = settings.format == "peft"
        convert(
            adapter,
            files.table,
            target.with_suffix("") if folder else target,
            to=settings.format,
            dtype=precision(settings.precision),
        )
        if folder:
            target = target.with_suffix("") / "adapter_model.safetensors"
        return f"“{adapter.name}” is converted. {told_of_check(job, settings, target)}".rstrip()


ENTRY = Convert()
