"""The parts of a diffusers folder: its own, and those that it borrows from a folder beside it.

A file `borrowed.json` maps a part's name to its place as a path from the folder. Models that have a
part in common (the miniature and its siblings, the tokenizers of families) so keep it once.
"""

from __future__ import annotations

import json
from pathlib import Path

from studio.errors import ModelError

BORROWED = "borrowed.json"


def part_folder(folder: Path, part: str) -> Path:
    """Where a part of the model in `folder` lies, whether or not it is there."""
    return _borrowed(folder).get(part, folder / part)


def part_folders(folder: Path) -> dict[str, Path]:
    """All parts by name, in their order; raises `ModelError` for a damaged list of borrowed ones."""
    own = {path.name: path for path in folder.iterdir() if path.is_dir()}
    return dict(sorted({**own, **_borrowed(folder)}.items()))


def _borrowed(folder: Path) -> dict[str, Path]:
    try:
        told = json.loads((folder / BORROWED).read_text(encoding="utf-8"))
        places = {str(part): (folder / place).resolve() for part, place in told.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as fault:
        raise _damaged(folder, str(fault)) from None
    home = folder.resolve().parent
    if any(home not in place.parents for place in places.values()):
        raise _damaged(folder, "It points outside the folder in which the models lie")
    return places


def _damaged(folder: Path, why: str) -> ModelError:
    return ModelError(f"{folder.name}/{BORROWED} cannot be used", why=why, remedy="Get the model again.")
