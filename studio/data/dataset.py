"""Datasets: a folder of pictures with their captions, in the workspace or wherever it lies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path

from studio.data.captions import read_caption
from studio.data.journal import Journal, Progress
from studio.data.pictures import is_picture
from studio.data.sizes import Sizes
from studio.errors import DatasetError, PictureError, StudioError
from studio.workspace import Workspace


@dataclass(frozen=True)
class Picture:
    """A picture of a dataset; `size` is its width and height as they are seen."""

    path: Path
    caption: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Dataset:
    """The pictures of a folder in the order of their names, and the faults of those left out."""

    folder: Path
    pictures: tuple[Picture, ...]
    damaged: tuple[PictureError, ...]


def open_dataset(folder: Path, *, cache: Path | None = None, progress: Progress | None = None) -> Dataset:
    """Look at every picture in a folder (not in those inside it).

    With `cache` (the workspace's), a folder in which the studio has written nothing yet opens quickly
    the second time too. `progress` is called with (done, all). Raises `DatasetError` for a folder
    that is missing, cannot be read, or has no picture to use.
    """
    paths = picture_files(folder)
    if not paths:
        raise _empty(folder)
    with suppress(StudioError):  # on a full disk it waits; nothing of it is lost
        Journal(folder).recover()
    sizes, captioned = Sizes(folder, cache), _captioned(folder)
    pictures, damaged = [], []
    for done, path in enumerate(paths, 1):
        try:
            _readable(path)
            caption = read_caption(path) if _plain(path) in captioned else ""
            pictures.append(Picture(path, caption, sizes.of(path)))
        except PictureError as fault:
            damaged.append(fault)
        if progress is not None:
            progress(done, len(paths))
    sizes.keep()
    if not pictures:
        raise DatasetError(
            f"None of the pictures in {folder.name} can be used",
            why=" ".join(str(fault) for fault in damaged[:3]),
        )
    return Dataset(folder, tuple(pictures), tuple(damaged))


def picture_files(folder: Path) -> list[Path]:
    """The files in a folder that are pictures by their names, in natural order."""
    try:
        return sorted((path for path in folder.iterdir() if is_picture(path)), key=natural)
    except FileNotFoundError:
        raise DatasetError(f"The folder {folder} does not exist") from None
    except OSError as fault:
        raise DatasetError(f"The folder {folder} cannot be read", why=fault.strerror or str(fault)) from fault


def natural(path: Path) -> tuple[list[tuple[float, str]], str]:
    """Sort key by which `cat` comes before `cat 2`, that before `cat 10`, and figures before letters."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.stem.casefold())
    return [(int(part), "") if part[0] in "0123456789" else (inf, part) for part in parts], path.name


def list_datasets(workspace: Workspace) -> list[str]:
    """The names of the datasets in the workspace, the one touched last first."""
    folders = [folder for folder in workspace.datasets.iterdir() if _holds_pictures(folder)]
    return [folder.name for folder in sorted(folders, key=lambda folder: -folder.stat().st_mtime)]


def dataset_folder(workspace: Workspace, name_or_path: str) -> Path:
    """The folder of a dataset of the workspace, or any other by its full path; raises `DatasetError`."""
    chosen = name_or_path.strip()
    if not chosen:
        raise DatasetError("No dataset is chosen", remedy="Choose one, or drop some pictures.")
    path = Path(chosen).expanduser()
    if path.is_absolute():
        if not path.is_dir():
            raise DatasetError(f"The folder {path} does not exist")
        return path
    folder = workspace.datasets / chosen
    if chosen != Path(chosen).name or chosen.startswith(".") or not folder.is_dir():
        raise DatasetError(
            f"There is no dataset called “{chosen}”", remedy="Choose one from the list, or give a full path."
        )
    return folder


def _readable(path: Path) -> None:
    try:
        path.name.encode()
    except UnicodeEncodeError:
        shown = path.name.encode("utf-8", "replace").decode()
        raise PictureError(f"The name of {shown} is not readable text", remedy="Rename the file.") from None


def _captioned(folder: Path) -> set[str]:
    """What the pictures with captions are called: one look at the folder instead of one for each."""
    return {_plain(path) for path in folder.iterdir() if path.suffix.lower() == ".txt"}


def _plain(path: Path) -> str:
    return unicodedata.normalize("NFC", path.stem).casefold()


def _holds_pictures(folder: Path) -> bool:
    return folder.is_dir() and not folder.name.startswith(".") and any(_pictures_in(folder))


def _pictures_in(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if is_picture(path))


def _empty(folder: Path) -> DatasetError:
    inside = next((one.name for one in sorted(folder.iterdir()) if _holds_pictures(one)), None)
    if inside is not None:
        return DatasetError(
            f"There are no pictures in {folder.name} itself, only in folders inside it",
            remedy=f"Choose one of them, for example {inside}.",
        )
    return DatasetError(
        f"There are no pictures in {folder.name}", remedy="Put some in, or choose another folder."
    )
