"""A run: what was asked for, written before it starts, in a folder of its own."""

from __future__ import annotations

import json
import platform
import random
import secrets
import time
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from studio.errors import StudioError
from studio.settings import Settings
from studio.workspace import Workspace, writing

PACKAGES = ("torch", "diffusers", "transformers", "peft", "accelerate", "bitsandbytes", "gradio")


@dataclass(frozen=True)
class Run:
    """One job: its kind, the settings as plain values, the seed, and the versions it was made with."""

    id: str
    kind: str
    title: str
    settings: dict[str, Any]
    seed: int
    versions: dict[str, str]
    created: float

    def folder(self, workspace: Workspace) -> Path:
        """Where everything of this run lies."""
        return workspace.runs / self.id


def new_run(workspace: Workspace, kind: str, settings: Settings, *, title: str = "") -> Run:
    """Write a run's folder and `run.json`; a seed of -1 (or none) becomes a random one."""
    values = settings.model_dump(mode="json")
    seed = int(values.get("seed", -1))
    created = time.time()
    stamp = datetime.fromtimestamp(created).strftime("%Y%m%d-%H%M%S")
    name = f"{stamp}-{kind}-{secrets.token_hex(3)}"
    run = Run(
        id=name,
        kind=kind,
        title=" ".join(title.split()) or kind,
        settings=values,
        seed=seed if seed >= 0 else random.SystemRandom().randrange(2**31),
        versions=versions(),
        created=created,
    )
    write_run(workspace, run)
    return run


def write_run(workspace: Workspace, run: Run) -> None:
    """Write a run's `run.json` in its folder."""
    with writing(run.folder(workspace) / "run.json") as file:
        json.dump(asdict(run), file, ensure_ascii=False, indent=1)


def read_run(folder: Path) -> Run:
    """Read a run's `run.json`; raises `StudioError` naming the folder if it is damaged."""
    try:
        return Run(**json.loads((folder / "run.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise StudioError(f"The record of the run {folder.name} cannot be read", why=str(fault)) from None


def versions() -> dict[str, str]:
    """The versions of Python, the studio and the libraries that decide what comes out."""
    from studio import __version__

    found = {"studio": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
