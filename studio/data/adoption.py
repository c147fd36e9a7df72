"""Adoption: captions that other programs left in a folder which is used in place, as sidecars."""

from __future__ import annotations

from pathlib import Path

from studio.data.arrivals import Arrival
from studio.data.captions import Change, read_caption, write_captions
from studio.data.companions import Companions
from studio.data.dataset import picture_files
from studio.errors import PictureError


def captions_elsewhere(folder: Path, *, replace: bool = False) -> dict[Path, str]:
    """The captions that tables, JSON files and kohya's `.caption` hold for pictures without one.

    With `replace`, also for those that have another. Nothing is written.
    """
    files = [path for path in folder.iterdir() if path.is_file() and path.suffix.lower() != ".txt"]
    companions = Companions([Arrival.of(path) for path in files if not path.name.startswith(".")])
    found: dict[Path, str] = {}
    for picture in picture_files(folder):
        present = read_caption(picture)
        if present and not replace:
            continue
        try:
            words = companions.words(Arrival.of(picture))
        except PictureError:  # a file that is damaged gives none
            continue
        if words and words != present:
            found[picture] = words
    return found


def adopt_captions(folder: Path, *, replace: bool = False) -> Change:
    """Write them beside the pictures, as one change that can be undone."""
    texts = captions_elsewhere(folder, replace=replace)
    return write_captions(texts, by="import", note="Bring in captions of other programs")
