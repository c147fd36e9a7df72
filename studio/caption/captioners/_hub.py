"""Captioners from the model hub: downloaded once, then opened without the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studio.errors import ModelError
from studio.jobs.context import Context
from studio.models import hub

INDEX = "model.safetensors.index.json"  # names the parts of weights in several files
SMALL_FILES = (*hub.SMALL_FILES, ".jinja", ".csv")  # chat templates and lists of tags, too


def from_hub(hub_id: str, revision: str, context: Context) -> Path:
    """The folder of a captioner; downloaded, with progress, if it is not there yet.

    A download that was stopped goes on where it was. Raises `Offline`, `ModelError`, `Cancelled`.
    """
    folder = context.workspace.cache / "captioners" / hub_id.replace("/", "--")
    if folder.exists():
        return folder

    def tell(here: int, total: int) -> None:
        context.check()
        context.progress(here, total, f"Downloading {hub_id}")

    unfinished = folder.with_name(f"{folder.name}.part")
    hub.fetch(hub.describe(hub_id, choose=needed, revision=revision), unfinished, tell)
    unfinished.replace(folder)
    return folder


def needed(hub_id: str, files: Sequence[str]) -> list[str]:
    """The settings, the words and the weights, which must be `.safetensors`."""
    top = [file for file in files if "/" not in file]
    weights = [file for file in top if file.endswith(".safetensors")]
    if INDEX in top:
        weights = [file for file in weights if file.startswith("model-")]
    elif "model.safetensors" in top:
        weights = ["model.safetensors"]
    if not weights:
        raise ModelError(f"{hub_id} cannot be used as a captioner", why="It has no .safetensors weights")
    return [file for file in top if file.endswith(SMALL_FILES)] + weights
