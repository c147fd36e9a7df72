"""What the library remembers: what it saw in files, and what the person says of adapters."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.errors import AdapterError
from studio.workspace import Workspace, writing

VERSION = 2  # of what is remembered; another one is forgotten


class Memory:
    """What was seen of each file, kept in the workspace, good for as long as its size and time stay."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.cache / "adapters.json"
        content = _read(self._file)
        files = content.get("files") if content.get("version") == VERSION else None
        self._known: dict[str, Any] = files if isinstance(files, dict) else {}
        self._now: dict[str, Any] = {}

    def recall(self, key: str, status: os.stat_result, look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is known of the file, looked up anew if it changed."""
        stamp = [status.st_size, status.st_mtime_ns]
        known = self._known.get(key)
        if not isinstance(known, dict) or known.get("stamp") != stamp:
            known = {"stamp": stamp, "seen": look()}
        self._now[key] = known
        seen: dict[str, Any] = known["seen"]
        return seen

    def data_bytes(self, path: Path) -> int:
        """The bytes after the header."""
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
        return path.stat().st_size - 8 - length

    def data_hash(self, path: Path) -> str:
        """The SHA-256 of the bytes after the header, computed once."""
        from studio.adapters.reading import data_hash

        seen = self.recall(f"{path}#hash", path.stat(), lambda: {"hash": data_hash(path)})
        return str(seen["hash"])

    def save(self, *, keep_all: bool = False) -> None:
        """Write it down if anything changed; what was not asked for is forgotten, hashes aside."""
        kept = {k: v for k, v in self._known.items() if keep_all or k.endswith("#hash")}
        now = kept | self._now
        if now != self._known:
            with writing(self._file) as file:
                json.dump({"version": VERSION, "files": now}, file, ensure_ascii=False)


class Notes:
    """What the person says of adapters: favourites, notes, and the weights they used last."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.hidden / "adapters.json"
        self._notes = _read(self._file)
        self._foreign = extra_folders(workspace)

    def of(self, path: Path) -> dict[str, Any]:
        """As fields of a card."""
        told = self._notes.get(str(path))
        told = told if isinstance(told, dict) else {}
        weight, own = told.get("last_weight"), told.get("weight")
        said = {
            "favourite": told.get("favourite") is True,
            "note": str(told.get("note", "")),
            "last_weight": float(weight) if isinstance(weight, int | float) else None,
        }
        return said | ({"weight": float(own)} if isinstance(own, int | float) else {})

    def foreign(self, path: Path) -> bool:
        """Whether it lies in a folder of another program."""
        return any(path.is_relative_to(folder) for folder in self._foreign)

    def write(self, path: Path, **told: object) -> None:
        """Change what is said of one adapter."""
        known = self._notes.get(str(path))
        self._notes[str(path)] = {**(known if isinstance(known, dict) else {}), **told}
        with writing(self._file) as file:
            json.dump(self._notes, file, ensure_ascii=False, indent=1)


def set_favourite(workspace: Workspace, path: Path, favourite: bool) -> None:
    """Mark an adapter as a favourite, or no longer."""
    Notes(workspace).write(path, favourite=favourite)


def set_note(workspace: Workspace, path: Path, note: str) -> None:
    """Keep the person's own words on an adapter."""
    Notes(workspace).write(path, note=note)


def set_weight(workspace: Workspace, path: Path, weight: float | None) -> None:
    """Keep the weight that the person recommends; None leaves it to what is told beside the file."""
    Notes(workspace).write(path, weight=weight)


def remember_weights(workspace: Workspace, weights: Mapping[Path, float]) -> None:
    """Keep the weights with which adapters were used last."""
    notes = Notes(workspace)
    for path, weight in weights.items():
        if notes.of(path)["last_weight"] != weight:
            notes.write(path, last_weight=weight)


def extra_folders(workspace: Workspace) -> list[Path]:
    """Folders of other programs in which to look for adapters too; they are only read."""
    listed = _read(_folders(workspace)).get("folders")
    return [Path(folder) for folder in listed if isinstance(folder, str)] if isinstance(listed, list) else []


def add_folder(workspace: Workspace, path: Path) -> None:
    """Look for adapters in this folder too; raises `AdapterError` if it is none."""
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise AdapterError(f"{path} is not a folder", remedy="Give the path of a folder with LoRAs.")
    inside = folder.is_relative_to(workspace.loras) or workspace.loras.is_relative_to(folder)
    if inside:
        raise AdapterError(
            f"{path} is looked through already", why=f"It lies in, or around, {workspace.loras}"
        )
    _save_folders(workspace, [*dict.fromkeys([*extra_folders(workspace), folder])])


def remove_folder(workspace: Workspace, path: Path) -> None:
    """Look there no longer; the folder itself stays as it is."""
    _save_folders(workspace, [folder for folder in extra_folders(workspace) if folder != path])


def _save_folders(workspace: Workspace, folders: list[Path]) -> None:
    with writing(_folders(workspace)) as file:
        json.dump({"folders": [str(folder) for folder in folders]}, file, ensure_ascii=False, indent=1)


def _folders(workspace: Workspace) -> Path:
    return workspace.hidden / "adapter-folders.json"


def _read(path: Path) -> dict[str, Any]:
    """A record, empty where there is none yet or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
