"""Training a LoRA again from its file alone: its settings, and what is different now."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.adapters.header import read_header
from studio.data.dataset import open_dataset
from studio.errors import AdapterError, StudioError
from studio.families import family_named
from studio.jobs.run import versions
from studio.models.opening import base_hash
from studio.models.source import resolve
from studio.settings import knobs
from studio.train.class_pictures import class_fingerprint
from studio.train.plan import fingerprint
from studio.train.settings import TrainSettings
from studio.train.sources import sources
from studio.train.wording import caption
from studio.workspace import Workspace


@dataclass(frozen=True)
class Likeness:
    """The settings with which a LoRA would be trained again, and a sentence for each thing that changed."""

    settings: TrainSettings
    differences: tuple[str, ...]


def recipe_of(path: Path) -> dict[str, Any]:
    """The recipe in a LoRA's metadata; raises `AdapterError` for a file that has none."""
    text = read_header(path).metadata.get("studio_recipe", "")
    try:
        recipe = json.loads(text)
        if isinstance(recipe["settings"], dict) and isinstance(recipe["pictures"], dict):
            return dict(recipe)
    except (ValueError, KeyError, TypeError):
        pass
    raise AdapterError(
        f"{path.name} does not say how it was trained",
        why="Only LoRAs trained by the studio carry their whole recipe",
        remedy="Choose another, or set the training up by hand.",
    )


def like(path: Path, workspace: Workspace) -> Likeness:
    """The settings of a LoRA, with its seed, and what differs from when it was trained."""
    recipe = recipe_of(path)
    known = {knob.name for knob in knobs(TrainSettings)}
    given = {name: value for name, value in recipe["settings"].items() if name in known}
    settings = TrainSettings.layered(given, {"seed": recipe["seed"]})
    lost = sorted(recipe["settings"].keys() - known)
    told = [f"The setting “{name}” is not known to this version and is left out." for name in lost]
    told += [*_versions(recipe), *_base(recipe, settings, workspace), *_pictures(recipe, settings, workspace)]
    return Likeness(settings, tuple(told))


def _versions(recipe: Mapping[str, Any]) -> Iterator[str]:
    then, now = recipe.get("versions", {}), versions()
    for name in sorted(then.keys() & now.keys()):
        if then[name] != now[name]:
            yield f"It was trained with {name} {then[name]}; here is {now[name]}."


def _base(recipe: Mapping[str, Any], settings: TrainSettings, workspace: Workspace) -> Iterator[str]:
    wanted = recipe.get("base", {}).get("sha256", "")
    try:
        source = resolve(settings.base, workspace)
        if source.kind != "hub" and wanted and base_hash(source, workspace) != wanted:
            yield f"The base model {source.title} has other weights than then."
    except StudioError as fault:
        yield str(fault)


def _pictures(recipe: Mapping[str, Any], settings: TrainSettings, workspace: Workspace) -> Iterator[str]:
    try:
        chosen = [one for each in sources(settings, workspace) for one in open_dataset(each.folder).pictures]
        of_class = class_fingerprint(settings, workspace)
    except StudioError as fault:
        yield str(fault)
        return
    if recipe.get("class_fingerprint", of_class) != of_class:
        yield "The class pictures were changed."
    then, prints = recipe["pictures"], recipe.get("fingerprints", {})
    made_for = family_named(recipe.get("base", {}).get("family", ""))
    words = made_for.defaults if made_for else None
    now = {picture.path.name: picture for picture in chosen}
    yield from (f"{name} is gone." for name in then if name not in now)
    yield from (f"{name} is new." for name in now if name not in then)
    for name in then.keys() & now.keys():
        picture = now[name]
        if name in prints and fingerprint(picture, masks=settings.masks) != prints[name]:
            yield f"{name} was changed."
        if words is not None and caption(settings, words, picture.caption) != then[name]:
            yield f"{name} has another caption."
