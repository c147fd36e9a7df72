"""Removal: pictures taken out of a dataset with all that is theirs, and brought back byte for byte.

What was taken out lies in the hidden folder, a folder for each picture, and is a change as any other:
undo brings it back. Nothing is deleted; `discard` moves what lies there to the system's bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from send2trash import send2trash

from studio.data.journal import Change, Journal, Move, new_change
from studio.data.masks import mask_of
from studio.data.pictures import is_picture
from studio.data.sidecars import HISTORY, caption_file
from studio.errors import DatasetError, PictureError

REMOVED = Path(HISTORY) / "removed"


def take_out(folder: Path, pictures: Sequence[str]) -> Change:
    """Take pictures out, with captions and masks; raises `PictureError` for a name that is not there."""
    journal = Journal(folder)
    with journal.locked():
        left = {path for path in folder.iterdir() if is_picture(path)}
        taken = {path.stem.casefold() for path in _aside(folder)}
        moves: list[Move] = []
        for picture in present(folder, list(dict.fromkeys(pictures))):
            left.discard(picture)
            place = REMOVED / _free_stem(taken, picture.stem)
            taken.add(place.name.casefold())
            for file in _belongings(picture, left):
                ending = file.name.removeprefix(picture.stem)
                moves.append((file.name, (place / f"{place.name}{ending}").as_posix()))
        return _moved(journal, "Take out", moves)


def bring_back(folder: Path, pictures: Sequence[str] = ()) -> Change:
    """Bring back these pictures, by the names they had, or all; none takes the place of another."""
    journal = Journal(folder)
    with journal.locked():
        taken = {path.stem.casefold() for path in folder.iterdir()}
        moves: list[Move] = []
        for before, picture in put_aside(folder):
            if pictures and before not in pictures:
                continue
            stem = _free_stem(taken, Path(before).stem)
            taken.add(stem.casefold())
            for file in sorted(picture.parent.iterdir()):
                ending = file.name.removeprefix(picture.stem)
                moves.append((file.relative_to(folder).as_posix(), f"{stem}{ending}"))
        return _moved(journal, "Bring back", moves)


def put_aside(folder: Path) -> list[tuple[str, Path]]:
    """The pictures that `bring_back` would bring back: the names they had, and where they lie."""
    places = _aside(folder)
    changes = Journal(folder).changes() if places else []
    known = {target: source for change in changes for source, target in change.moves}
    pictures = [file for place in places for file in place.iterdir() if is_picture(file)]
    return [(known.get(file.relative_to(folder).as_posix(), file.name), file) for file in pictures]


def discard(folder: Path) -> int:
    """Move what was taken out to the system's bin; how many pictures. Raises `DatasetError` without a bin."""
    with Journal(folder).locked():
        count = len(put_aside(folder))
        for place in _aside(folder):
            try:
                send2trash(place)
            except OSError as fault:
                raise DatasetError(
                    "The pictures were not moved to the bin",
                    why="Your system has none for this folder",
                    remedy=f"They stay in {folder / REMOVED}; delete them there if you like.",
                ) from fault
    return count


def present(folder: Path, pictures: Sequence[str]) -> list[Path]:
    """The paths of pictures; raises `PictureError` for a name that is none of this dataset."""
    for name in pictures:
        if name != Path(name).name or not (folder / name).is_file():
            raise PictureError(f"{name} is no longer in this dataset", remedy="Examine the dataset again.")
    return [folder / name for name in pictures]


def moved_pictures(change: Change) -> list[str]:
    """The names, at the end of it, of the pictures that a change has moved."""
    return [Path(target).name for _, target in change.moves if is_picture(Path(target))]


def _moved(journal: Journal, what: str, moves: Sequence[Move]) -> Change:
    names = [Path(source).name for source, _ in moves if is_picture(Path(source))]
    note = f"{what} {names[0]}" if len(names) == 1 else f"{what} {len(names)} pictures"
    change = new_change([], by="hand", note=note, moves=tuple(moves))
    if moves:
        journal.commit(change)
    return change


def _belongings(picture: Path, others: set[Path]) -> list[Path]:
    """A picture with its caption and its mask, unless another picture has the same ones."""
    shared = any(other.stem == picture.stem for other in others)
    own = [] if shared else [caption_file(picture), mask_of(picture)]
    return [picture, *(file for file in own if file is not None and file.exists())]


def _aside(folder: Path) -> list[Path]:
    """A folder for each picture that was put aside."""
    return sorted(place for place in (folder / REMOVED).glob("*") if place.is_dir() and any(place.iterdir()))


def _free_stem(taken: set[str], stem: str) -> str:
    """The stem itself, or with the first number that is not taken."""
    stems = (stem, *(f"{stem} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in stems if one.casefold() not in taken)
