"""A job at the workbench: what every tool needs of the library, the base and the page."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from studio.adapters.base_files import BaseFiles
from studio.adapters.library import Card, adapters, find_adapter, find_adapters
from studio.adapters.workbench.loose import Loose, Progress, needs_base, read_loose, with_base
from studio.errors import AdapterError
from studio.families import FAMILIES
from studio.generate.opened import WARM, Opened
from studio.jobs.context import Context
from studio.models.source import base_of_family, resolve
from studio.workbench.settings import Part
from studio.workspace import free_path, safe_name


class Job:
    """One for each run."""

    def __init__(self, context: Context) -> None:
        self.context, self.workspace, self.folder = context, context.workspace, context.folder
        self._total = 1

    def watch(self, message: str) -> Progress:
        """What a tool calls with how much is done; it raises `Cancelled` after Stop."""

        def tell(done: int, total: int) -> None:
            self.context.check()
            self._total = total
            self.context.progress(done, total, message)

        return tell

    def finished(self) -> None:
        """All of it is done."""
        self.context.progress(self._total, self._total)

    def note(self, text: str) -> None:
        """Say something that the person should know."""
        self.context.artifact("note", text=text)

    def path(self, name: str) -> Path:
        """The file of a LoRA, by its path or its name in the library; raises `AdapterError`."""
        path = Path(name).expanduser()
        if path.suffix.lower() == ".safetensors" and path.is_file():
            return path
        return find_adapter(self.workspace, name).path

    def cards(self, names: Sequence[str]) -> list[Card]:
        """The library's cards of these; raises `AdapterError`."""
        return find_adapters(self.workspace, names)

    def loose(self, name: str, base: str = "") -> Loose:
        """The changes in a file; those that say how the base is scaled are worked out on it."""
        loose = read_loose(self.path(name))
        return with_base(loose, self.files(self.base_for([name], base))) if needs_base(loose) else loose

    def loosened(self, parts: Sequence[Part], base: str = "") -> list[tuple[Loose, float]]:
        """Several, with their weights."""
        return [(self.loose(part.name, base), part.weight) for part in parts]

    def files(self, base: str) -> BaseFiles:
        """The files of a base model."""
        return BaseFiles(resolve(base, self.workspace))

    def opened(self, base: str) -> Opened:
        """A base model, opened as Generate opens it."""
        return WARM.open(base, self.workspace, self.context)

    def base_for(self, names: Sequence[str], wanted: str = "") -> str:
        """The base that the person named, or the first on this machine that fits; raises `AdapterError`."""
        if wanted:
            return wanted
        family = next(filter(None, (self._family(name) for name in names)), "")
        if found := base_of_family(self.workspace, family):
            return found
        told = FAMILIES.get(family).title if family else "this LoRA"
        raise AdapterError(f"There is no base model for {told} here", remedy="Choose one, or bring one.")

    def _family(self, name: str) -> str:
        path = self.path(name)
        return next((card.family for card in self._cards if card.path == path), "")

    @cached_property
    def _cards(self) -> list[Card]:
        return adapters(self.workspace)

    def target(self, wanted: str, fallback: str) -> Path:
        """Where a new LoRA goes: the file that is named, or one in the library that is not there yet."""
        path = Path(wanted).expanduser()
        if path.suffix.lower() == ".safetensors" and path.parent != Path("."):
            return path
        name = safe_name(wanted.removesuffix(".safetensors") or fallback)
        return free_path(self.workspace.loras / f"{name}.safetensors")

    def made(self, path: Path, preview: Path | None = None) -> None:
        """Tell of a new LoRA, and give it a preview."""
        if preview is not None and path.parent == self.workspace.loras:
            shutil.copyfile(preview, free_path(path.with_suffix(".png")))
        self.context.artifact("lora", path, name=path.stem)
