"""The aim of a dataset: the base model, the words and the background that it is meant for.

What belongs to the dataset is kept in it, as its hints; which base a person has in mind is kept in the
studio's own records.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import ImageColor

from studio.data.hints import hints, set_hints
from studio.workspace import Workspace, writing

LONGEST = 60  # characters of a word; what the Train room takes


@dataclass(frozen=True)
class Aim:
    """What the doctor and the token counter measure against, and what the Train room begins with.

    `background` is what shows through transparent parts, as #rrggbb.
    """

    base: str = "pocket"
    trigger: str = ""
    class_word: str = ""
    background: str = "#ffffff"


def read_aim(workspace: Workspace, folder: Path) -> Aim:
    """The aim of a dataset; the studio's own until a person chose one."""
    known = hints(folder)
    base = str(_bases(workspace).get(str(folder), Aim.base))
    red, green, blue = ImageColor.getrgb(known.background)[:3]
    return Aim(base, known.trigger, known.class_word, f"#{red:02x}{green:02x}{blue:02x}")


def is_base_chosen(workspace: Workspace, folder: Path) -> bool:
    """Whether a person chose the base of a dataset's aim."""
    return str(folder) in _bases(workspace)


def write_aim(workspace: Workspace, folder: Path, aim: Aim) -> None:
    """Remember it; only what is another than before is written. Raises `DatasetError` for no colour."""
    before = read_aim(workspace, folder)
    words = {"trigger": aim.trigger.strip()[:LONGEST], "class_word": aim.class_word.strip()[:LONGEST]}
    changed = {name: value for name, value in words.items() if value != getattr(before, name)}
    if aim.background != before.background:
        changed["background"] = aim.background
    if changed:
        set_hints(folder, **changed)
    if aim.base != before.base:
        with writing(_file(workspace)) as file:
            json.dump({**_bases(workspace), str(folder): aim.base}, file, ensure_ascii=False, indent=1)


def _bases(workspace: Workspace) -> dict[str, Any]:
    try:
        known = json.loads(_file(workspace).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _file(workspace: Workspace) -> Path:
    return workspace.hidden / "bases-of-datasets.json"
