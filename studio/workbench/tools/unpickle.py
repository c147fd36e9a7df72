"""Unpickle: an old .pt or .ckpt file becomes a .safetensors, if the person agrees to open it."""

from __future__ import annotations

from pathlib import Path

from studio.settings import Knob
from studio.workbench.job import Job
from studio.workbench.settings import WorkbenchSettings
from studio.workbench.tools._base import Tool
from studio.workspace import free_path, safe_name


class UnpickleSettings(WorkbenchSettings):
    """Which file."""

    task: str = Knob("unpickle", label="Tool", help="What to do.", widget="hidden")
    file: str = Knob("", label="File", help="An old .pt, .ckpt or .bin file.")
    to: str = Knob("", label="Save as", help="The name of the new LoRA; empty keeps the old one.")
    agree: bool = Knob(False, label="I trust this file", help="Such files can hold programs.")


class Unpickle(Tool):
    """Only weights are ever loaded from it."""

    name, title, verb, order = "unpickle", "Open an old file", "Open", 90
    about = "Turns an old .pt, .ckpt or .bin LoRA into a .safetensors file; only weights are loaded."
    settings, least, most, shown = UnpickleSettings, 0, 0, False

    def work(self, job: Job, settings: UnpickleSettings) -> str:
        """Convert it, and see that it is a LoRA."""
        from studio.adapters.entries import read_entries
        from studio.adapters.header import read_header
        from studio.adapters.workbench.pickles import convert_pickle
        from studio.errors import AdapterError

        source = Path(settings.file).expanduser()
        job.watch("Opening")(0, 1)
        name = safe_name(settings.to or source.stem)
        target = free_path(job.workspace.loras / f"{name}.safetensors")
        try:
            convert_pickle(source, target, agreed=settings.agree)
            read_entries(target, read_header(target))
        except AdapterError:
            target.unlink(missing_ok=True)
            raise
        finally:
            if source.parent == job.workspace.arrivals:  # a copy that came through the page
                source.unlink(missing_ok=True)
        job.made(target)
        return f"“{target.stem}” is in your LoRAs now, as a .safetensors file."


ENTRY = Unpickle()
