"""Presets: ours and the person's own, which lie as `.toml` files in the workspace's `presets/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from send2trash import send2trash

from studio.errors import SettingsError
from studio.settings import PRESETS, Preset, Settings, knobs, presets, read_preset
from studio.workspace import Workspace, free_path, safe_name, writing

PERSONAL = ("dataset", "name", "seed")
"""What belongs to one job alone, and is left out of a preset."""


@dataclass(frozen=True)
class Known:
    """A preset, and whether it is the person's own."""

    preset: Preset
    own: bool


def own_folder(workspace: Workspace, kind: str) -> Path:
    """Where the person's presets of a kind of job ("train") lie; it need not exist."""
    return workspace.root / "presets" / kind


def presets_of(workspace: Workspace, kind: str) -> dict[str, Known]:
    """All presets of a kind by name, ours first; a file that cannot be read is left out."""
    found = {name: Known(preset, own=False) for name, preset in presets(kind).items()}
    for file in sorted(own_folder(workspace, kind).glob("*.toml"), key=lambda file: file.stem):
        try:
            found[_name(file, kind)] = Known(read_preset(file), own=True)
        except SettingsError:
            continue
    return found


def save_preset(
    workspace: Workspace, kind: str, title: str, settings: Settings, *, purpose: str = ""
) -> tuple[str, Preset]:
    """Keep what differs from the defaults under a name that is free; returns that name and the preset.

    The dataset, the name and the seed are left out: they belong to one job. `purpose` is what it is for.
    """
    if not title.strip():
        raise SettingsError("The preset has no name", remedy="Give it one.")
    usual = {knob.name: knob.default for knob in knobs(type(settings)) if knob.widget != "hidden"}
    given = settings.model_dump(mode="json")
    values = {
        name: given[name]
        for name, default in usual.items()
        if given[name] != default and given[name] is not None and name not in PERSONAL
    }
    file = free_path(own_folder(workspace, kind) / f"{safe_name(title)}.toml")
    told = title.strip() + file.stem.removeprefix(safe_name(title))
    with writing(file) as written:
        written.write(_toml({"title": told, "purpose": purpose, **values}))
    return _name(file, kind), read_preset(file)


def bin_preset(workspace: Workspace, kind: str, name: str) -> None:
    """Put one of the person's own presets into the system's bin; raises `SettingsError` for one of ours."""
    file = next((one for one in own_folder(workspace, kind).glob("*.toml") if _name(one, kind) == name), None)
    if file is None:
        raise SettingsError(f"There is no preset of your own called “{name}”")
    send2trash(file)


def _name(file: Path, kind: str) -> str:
    """The file's own, told apart from one of ours that is called the same."""
    return f"{file.stem} (own)" if (PRESETS / kind / file.name).exists() else file.stem


def _toml(values: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in values.items())


def _value(value: Any) -> str:
    """A plain value in TOML, whose strings are those of JSON but for DEL."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = (f"{name} = {_value(each)}" for name, each in value.items() if each is not None)
        return f"{{{', '.join(inner)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
