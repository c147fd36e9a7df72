"""What the gallery reads and writes: day folders, pictures with their recipes, favourites, exports."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from studio.errors import PictureError
from studio.workspace import Workspace, writing

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


@dataclass(frozen=True)
class Found:
    """What a picture tells of itself; `name` is its path in `outputs/`."""

    name: str
    made: float
    width: int = 0
    height: int = 0
    prompt: str = ""
    negative: str = ""
    model: str = ""
    adapters: tuple[str, ...] = ()
    seed: int = -1


def days_in(workspace: Workspace) -> dict[str, int]:
    """The day folders and when something in them was added or taken away."""
    folders = (folder for folder in workspace.outputs.iterdir() if DAY.fullmatch(folder.name))
    return {folder.name: folder.stat().st_mtime_ns for folder in folders if folder.is_dir()}


def pictures_in(workspace: Workspace, day: str) -> dict[str, Path]:
    """The pictures of a day by their names in the index; what is being written just now is left out."""
    with suppress(OSError):
        files = (workspace.outputs / day).iterdir()
        found = (file for file in files if file.suffix.lower() in SUFFIXES and not file.name.startswith("."))
        return {f"{day}/{file.name}": file for file in found}
    return {}


def look(path: Path, name: str) -> Found:
    """What a picture tells; one without a recipe is shown too."""
    from PIL import Image

    from studio.generate.recipe import read_recipe

    try:
        made = path.stat().st_mtime
        recipe = read_recipe(path)
    except OSError:
        return Found(name, 0.0)
    except PictureError:
        return Found(name, made)
    values = recipe.values
    with suppress(OSError, ValueError), Image.open(path) as picture:
        width, height = picture.size
    return Found(
        name,
        made,
        width=width,
        height=height,
        prompt=str(values.get("prompt", "")),
        negative=str(values.get("negative", "")),
        model=recipe.model,
        adapters=tuple(used.stem for used in recipe.adapters),
        seed=int(values.get("seed", -1)),
    )


class Favourites:
    """The pictures that a person marked, a line each, in a file that outlives the index."""

    def __init__(self, workspace: Workspace) -> None:
        self._file = workspace.hidden / "favourites.txt"

    def names(self) -> set[str]:
        """Their paths in `outputs/`."""
        try:
            return {line for line in self._file.read_text(encoding="utf-8").splitlines() if line}
        except OSError:
            return set()

    def mark(self, name: str, yes: bool) -> None:
        """Add one, or take it away."""
        names = self.names() | {name} if yes else self.names() - {name}
        with writing(self._file) as file:
            file.writelines(f"{each}\n" for each in sorted(names))


@contextmanager
def export_folder(pictures: Sequence[tuple[Path, str]]) -> Iterator[list[Path]]:
    """Copies of pictures, each with its caption in a text file beside it, for as long as it lasts."""
    with TemporaryDirectory() as folder:
        files = []
        for path, caption in pictures:
            copy = Path(folder) / path.name
            shutil.copyfile(path, copy)
            copy.with_suffix(".txt").write_text(caption, encoding="utf-8")
            files += [copy, copy.with_suffix(".txt")]
        yield files
