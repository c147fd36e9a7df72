"""Settings from elsewhere: kohya's files, and LoRAs of our own, which carry how they were trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import SettingsError, StudioError
from studio.train.kohya import read_kohya
from studio.train.like import like
from studio.workspace import Workspace

ACCEPT = ".toml,.json,.safetensors"


@dataclass(frozen=True)
class Brought:
    """Values for the form, what the file was, and a sentence for each thing that was not taken over."""

    values: dict[str, Any]
    title: str
    notes: tuple[str, ...]


def read_settings(path: Path, workspace: Workspace) -> Brought:
    """The settings in a file that was dropped; raises `StudioError` for one that has none."""
    if path.suffix.lower() == ".safetensors":
        found = like(path, workspace)
        return Brought(
            found.settings.model_dump(mode="json"), f"As {path.stem} was trained", found.differences
        )
    brought = read_kohya(path)
    if not brought.values:
        raise SettingsError(
            f"{path.name} has no settings of a training in it",
            remedy="Choose the .toml of kohya's trainer, or the .json that its page saves.",
        )
    return Brought(dict(brought.values), f"Settings from {path.name}", brought.notes)


def first_of(folder: Path, workspace: Workspace) -> Brought:
    """The settings of the one file in a folder of uploads."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if not files:
        raise StudioError("No file arrived", remedy="Drop it once more.")
    return read_settings(files[0], workspace)
