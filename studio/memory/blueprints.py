"""Blueprints: the configurations of a base model's parts, its own or those of its family; without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.errors import ModelError
from studio.families import FAMILIES
from studio.families._base import Family
from studio.models.identify import identify
from studio.models.parts import part_folder
from studio.models.source import Source, resolve
from studio.workspace import Workspace

WANTED = ("unet", "transformer", "vae", "text_encoder", "tokenizer", "scheduler")
"""What the names of parts begin with; a safety checker and the like are never opened."""


@dataclass(frozen=True)
class Blueprint:
    """A base's family, the classes of its parts ("diffusers.AutoencoderKL") and their configurations."""

    family: Family
    parts: Mapping[str, str]
    configs: Mapping[str, Mapping[str, Any]]

    def facts(self) -> dict[str, Any]:
        """All that its memory depends on, as JSON has it."""
        return {"family": self.family.name, "parts": dict(self.parts), "configs": self.configs}


def blueprint(base: str, workspace: Workspace) -> Blueprint:
    """That of a model on this machine, of a family by its name, or of what a family suggests on the hub.

    Raises `ModelError` for a base that is not there, and for one of the hub that nobody knows yet.
    """
    try:
        source = resolve(base, workspace)
    except ModelError:
        if base not in FAMILIES.names():
            raise
        return of_family(FAMILIES.get(base))
    if source.kind == "hub":
        return of_family(_suggesting(source))
    family = identify(source)
    if source.kind == "folder":
        return _of_folder(family, source.path)
    return of_family(family, _told_by_file(family, source))


def of_family(family: Family, told: Mapping[str, Mapping[str, Any]] | None = None) -> Blueprint:
    """The configurations that come with the studio, and instead of some of them what is `told`."""
    shipped: Path | None = getattr(family, "configs", None)
    if shipped is None or not (shipped / "model_index.json").is_file():
        raise ModelError(f"The sizes of {family.title} are not known without a model of it")
    found = _of_folder(family, shipped)
    return Blueprint(family, found.parts, {**found.configs, **(told or {})})


def _of_folder(family: Family, folder: Path) -> Blueprint:
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    parts = {
        name: f"{told[0]}.{told[1]}"
        for name, told in index.items()
        if name.startswith(WANTED) and isinstance(told, list) and told[0]
    }
    return Blueprint(family, parts, {name: _config(folder, name) for name in parts})


def _config(folder: Path, name: str) -> Mapping[str, Any]:
    place = part_folder(folder, name)
    for path in (place / "config.json", place / "scheduler_config.json"):
        if path.is_file():
            content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return content
    return {}


def _suggesting(source: Source) -> Family:
    found = next((family for family in FAMILIES if source.location in family.suggested), None)
    if found is None:
        raise ModelError(
            f"How much memory {source.title} needs is not known before it is here",
            remedy="Download it first, or look at another model of its family.",
        )
    return found


def _told_by_file(family: Family, source: Source) -> dict[str, Mapping[str, Any]]:
    """What a checkpoint's weights tell of sizes, where the family reads it from them."""
    return {}
