"""Sources: what the base-model box can hold, and where that lies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.errors import ModelError
from studio.workspace import ASSETS, Workspace, writing

POCKET = "pocket"
MINIATURES = {
    POCKET: (ASSETS / POCKET, "Miniature"),
    "pocket-xl": (ASSETS / POCKET / "xl", "Miniature XL"),
    "pocket-sd3": (ASSETS / POCKET / "sd3", "Miniature SD3"),
    "pocket-flux": (ASSETS / POCKET / "flux", "Miniature FLUX"),
}
"""The models that come with the studio, by what stands for them in settings; the later ones may lack."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Source:
    """Where a base model's weights are: `location` is a path, or an id of the model hub."""

    kind: Literal["folder", "file", "hub"]
    location: str
    title: str

    @property
    def path(self) -> Path:
        """The folder or file; meaningless for a hub id."""
        return Path(self.location)


def resolve(text: str, workspace: Workspace) -> Source:
    """What a person chose or typed: the miniature, a model by name or path, or a hub id.

    Raises `ModelError` when nothing of that name is there.
    """
    text = text.strip()
    if text in MINIATURES:
        return _miniature(text)
    for root in (workspace.models, *extra_folders(workspace)):
        found = _inside(root, text)
        if found is not None:
            return found
    path = Path(text).expanduser()
    if path.is_absolute():
        return _at(path) or _refuse(path)
    if _HUB_ID.fullmatch(text):
        return _inside(workspace.models, text.replace("/", "--")) or Source("hub", text, text)
    raise ModelError(
        f"There is no base model called “{text}”",
        remedy="Choose one from the list, give the path of a .safetensors file or diffusers folder, "
        "or a hub id like owner/name.",
    )


def _miniature(name: str) -> Source:
    folder, title = MINIATURES[name]
    if not (folder / "model_index.json").is_file():
        raise ModelError(
            f"“{title}” did not come with this copy of the studio", remedy="Choose another base."
        )
    return Source("folder", str(folder), title)


@dataclass(frozen=True)
class Base:
    """A line of the base-model box; `value` is what `resolve` takes, a size of 0 is not known yet."""

    value: str
    title: str
    family_title: str
    size_bytes: int
    downloaded: bool


def base_of_family(workspace: Workspace, family: str = "") -> str:
    """The first base on this machine of the family of this name, or of any; empty where there is none."""
    from studio.families import family_named

    wanted = family_named(family)
    if family and wanted is None:
        return ""
    here = (base for base in bases(workspace) if base.downloaded)
    return next((base.value for base in here if wanted is None or base.family_title == wanted.title), "")


def bases(workspace: Workspace) -> list[Base]:
    """What the base-model box offers: the miniature, the models here, then some of the hub's.

    Files that no family recognises are left out; choosing one by its path says why.
    """
    from studio.families import FAMILIES

    here = [_line(value, source) for value, source in saved_models(workspace)]
    found = [base for base in here if base is not None]
    titles = {base.title for base in found}
    there = [
        Base(hub_id, hub_id, family.title, 0, False) for family in FAMILIES for hub_id in family.suggested
    ]
    return found + [base for base in there if base.title not in titles]


def _line(value: str, source: Source) -> Base | None:
    from studio.models.identify import identify  # builds on this module
    from studio.models.layout import read_layout

    try:
        family = identify(source)
        return Base(value, source.title, family.title, read_layout(source).size_bytes, True)
    except (ModelError, OSError):
        return None


def saved_models(workspace: Workspace) -> Iterator[tuple[str, Source]]:
    """The base models on this machine and the text that `resolve` takes for each; the miniatures first."""
    for value, (folder, _) in MINIATURES.items():
        if (folder / "model_index.json").is_file():
            yield value, resolve(value, workspace)
    for root in (workspace.models, *extra_folders(workspace)):
        for path in _models_in(root):
            source = _at(path)
            if source is not None:
                named = root == workspace.models
                yield path.relative_to(root).as_posix() if named else str(path), source


def extra_folders(workspace: Workspace) -> list[Path]:
    """Model folders of other programs that the person added; they are only read."""
    try:
        listed = json.loads(_list(workspace).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return [Path(folder) for folder in listed if isinstance(folder, str)]


def add_folder(workspace: Workspace, path: Path) -> None:
    """Look for base models in this folder too; raises `ModelError` if it is none."""
    folder = path.expanduser().resolve()
    if not folder.is_dir():
        raise ModelError(f"{path} is not a folder", remedy="Give the path of a folder with models.")
    folders = extra_folders(workspace)
    if folder not in folders:
        _save(workspace, [*folders, folder])


def remove_folder(workspace: Workspace, path: Path) -> None:
    """Look there no longer; the folder itself stays as it is."""
    _save(workspace, [folder for folder in extra_folders(workspace) if folder != path])


def _save(workspace: Workspace, folders: list[Path]) -> None:
    with writing(_list(workspace)) as file:
        json.dump([str(folder) for folder in folders], file, ensure_ascii=False, indent=1)


def _list(workspace: Workspace) -> Path:
    return workspace.hidden / "model-folders.json"


def _models_in(root: Path) -> Iterator[Path]:
    """Checkpoints and diffusers folders below `root`, not looking inside the latter."""
    if not root.is_dir():
        return
    for path in sorted(root.iterdir(), key=lambda path: path.name.lower()):
        if path.name.startswith("."):
            continue
        if path.suffix == ".safetensors" or (path / "model_index.json").is_file():
            yield path
        elif path.is_dir():
            yield from _models_in(path)


def _inside(root: Path, name: str) -> Source | None:
    """A model by its name below `root`, with or without its ending; never anything outside."""
    if not name or Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    return _at(root / name) or _at(root / f"{name}.safetensors")


def _at(path: Path) -> Source | None:
    if path.is_file() and path.suffix == ".safetensors":
        return Source("file", str(path), path.stem)
    if (path / "model_index.json").is_file():
        return Source("folder", str(path), path.name.replace("--", "/"))
    return None


def _refuse(path: Path) -> Source:
    if not path.exists():
        raise ModelError(f"There is no base model at {path}", remedy="Check the path, or choose another.")
    if path.is_dir():
        raise ModelError(
            f"The folder {path.name} holds no model",
            why="A diffusers folder has a file model_index.json in it",
            remedy="Choose that folder, or a single .safetensors file.",
        )
    raise ModelError(
        f"{path.name} cannot be opened",
        why="Only .safetensors files are read, because other formats can run hidden programs",
        remedy="Look for the same model as .safetensors.",
    )
