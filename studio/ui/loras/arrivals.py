"""Arrivals: old files that can hold programs; they wait until the person says that they are trusted."""

from __future__ import annotations

import shutil
from pathlib import Path

from studio.adapters.workbench.pickles import ENDINGS
from studio.errors import AdapterError
from studio.ui.desk import Desk
from studio.ui.markup import render
from studio.workbench.tools.unpickle import UnpickleSettings
from studio.workspace import free_path, safe_name


class Arrivals:
    """The files that wait, in a hidden folder of the workspace: what is there is what is asked about."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.folder = desk, desk.workspace.arrivals

    def keep(self, folder: Path) -> None:
        """Move the old files of a folder here."""
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix.lower() in ENDINGS:
                self.folder.mkdir(exist_ok=True)
                shutil.move(file, free_path(self.folder / safe_name(file.name)))

    def html(self) -> str:
        """The question for each; empty where none waits."""
        names = [file.name for file in self._waiting()]
        return render("arrivals", names=names) if names else ""

    def open(self, name: str) -> None:
        """The person trusts it: its weights are read in a job."""
        file = self._file(name)
        opened = file.with_name(f".{file.name}")  # asked about no longer
        file.replace(opened)
        settings = UnpickleSettings(file=str(opened), to=file.stem, agree=True)
        self.desk.submit("workbench", settings, title=f"Open {file.name}")

    def leave(self, name: str) -> None:
        """The copy that came through the page goes; the person's own file is where it was."""
        self._file(name).unlink()

    def _waiting(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return sorted(file for file in self.folder.iterdir() if not file.name.startswith("."))

    def _file(self, name: str) -> Path:
        for file in self._waiting():
            if file.name == name:
                return file
        raise AdapterError(f"“{name}” is no longer there", remedy="Drop it once more.")
