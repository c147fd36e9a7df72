"""Mends: what a button under a finding does. Nothing is lost by any of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from send2trash import send2trash

from studio.data.captions import caption_file, read_caption, write_captions
from studio.data.crops import Crop, set_crop
from studio.data.doctor.findings import told
from studio.data.doctor.words import without
from studio.data.editing import AddTrigger
from studio.data.journal import HISTORY
from studio.data.masks import mask_from_alpha, mask_of
from studio.data.pictures import is_picture
from studio.errors import PictureError, StudioError

REMOVED = Path(HISTORY) / "removed"


def mend(folder: Path, action: str, arguments: Mapping[str, Any]) -> str:
    """Do what a `Mend` says in a dataset's folder, and tell in a sentence what was done.

    Raises `StudioError` for an action that is unknown, or what stood in its way.
    """
    if action not in ACTIONS:
        raise StudioError(f"The doctor has no remedy called “{action}”")
    return ACTIONS[action](folder, **arguments)


def remove(folder: Path, pictures: Sequence[str]) -> str:
    """Move pictures, with captions and masks, to the system's bin; where there is none, out of sight."""
    binned = [_to_bin(picture) for picture in _present(folder, pictures)]
    if all(binned):
        return told(
            len(binned), "{n} picture{s} {were} moved to the bin of your system, with the caption{s}."
        )
    return told(binned.count(False), "{n} picture{s} {were} put aside. “Bring back” brings {them} back.")


def bring_back(folder: Path) -> str:
    """Bring the pictures back that were put aside because there was no bin."""
    aside = _aside(folder)
    for place in aside:
        stem = _free_stem(folder, place.name)
        for file in place.iterdir():
            shutil.move(file, folder / f"{stem}{file.name.removeprefix(place.name)}")
        place.rmdir()
    return told(len(aside), "{n} picture{s} {are} back.") if aside else "Nothing was put aside."


def put_aside(folder: Path) -> list[str]:
    """The names of the pictures that `bring_back` would bring back."""
    return [file.name for place in _aside(folder) for file in place.iterdir() if is_picture(file)]


def add_trigger(folder: Path, pictures: Sequence[str], word: str) -> str:
    """Put the trigger word before the captions that lack it."""
    operation = AddTrigger(word)
    changed = _edit(folder, pictures, operation.apply, operation.title)
    return f"“{word}” was added to {told(changed, '{n} caption{s}')}."


def drop(folder: Path, pictures: Sequence[str], words: str) -> str:
    """Take words out of captions."""
    changed = _edit(folder, pictures, lambda caption: without(caption, words), f"Drop “{words}”")
    return f"“{words}” was taken out of {told(changed, '{n} caption{s}')}."


def crop(folder: Path, picture: str, sides: Sequence[float]) -> str:
    """Train only on a part of a picture: left, top, right, bottom in fractions."""
    (path,) = _present(folder, [picture])
    set_crop(path, Crop(*sides))
    return f"{picture} is trained on the part you chose. The file itself stays whole."


def alpha_masks(folder: Path, pictures: Sequence[str]) -> str:
    """Make masks of what is transparent in pictures."""
    for picture in _present(folder, pictures):
        mask_from_alpha(picture)
    return told(len(pictures), "{n} mask{s} {were} made.")


ACTIONS: dict[str, Callable[..., str]] = {
    action.__name__: action for action in (remove, bring_back, add_trigger, drop, crop, alpha_masks)
}


def _edit(folder: Path, pictures: Sequence[str], change: Callable[[str], str], note: str) -> int:
    """Change captions in one go, which can be undone in one go; how many changed."""
    before = {picture: read_caption(picture) for picture in _present(folder, pictures)}
    after = {picture: change(caption) for picture, caption in before.items()}
    return len(write_captions(after, by="doctor", note=note, expected=before).pictures)


def _present(folder: Path, pictures: Sequence[str]) -> list[Path]:
    """The paths of pictures; raises `PictureError` for a name that is none of this dataset."""
    for name in pictures:
        if name != Path(name).name or not (folder / name).is_file():
            raise PictureError(f"{name} is no longer in this dataset", remedy="Examine the dataset again.")
    return [folder / name for name in pictures]


def _to_bin(picture: Path) -> bool:
    """Whether the system took a picture and what is its own into its bin; otherwise it is put aside."""
    files = _belongings(picture)
    try:
        for file in files:
            send2trash(file)
    except OSError:
        _put_aside(picture, [file for file in files if file.exists()])
        return False
    return True


def _put_aside(picture: Path, files: Sequence[Path]) -> None:
    """Move files into a folder of their own, named as the picture's stem, in the hidden folder."""
    place = picture.parent / REMOVED / _free_stem(picture.parent / REMOVED, picture.stem)
    place.mkdir(parents=True)
    for file in files:
        shutil.move(file, place / f"{place.name}{file.name.removeprefix(picture.stem)}")


def _belongings(picture: Path) -> list[Path]:
    """A picture with its caption and its mask, unless another picture has the same ones."""
    shared = any(
        is_picture(other) and other.stem == picture.stem and other != picture
        for other in picture.parent.iterdir()
    )
    own = [] if shared else [caption_file(picture), mask_of(picture)]
    return [picture, *(file for file in own if file is not None and file.exists())]


def _aside(folder: Path) -> list[Path]:
    """A folder for each picture that was put aside."""
    return sorted(place for place in (folder / REMOVED).glob("*") if place.is_dir())


def _free_stem(folder: Path, stem: str) -> str:
    """The stem itself, or with the first number that no file in the folder has."""
    taken = {path.stem.casefold() for path in folder.iterdir()} if folder.is_dir() else set()
    stems = (stem, *(f"{stem} {number}" for number in range(2, len(taken) + 3)))
    return next(one for one in stems if one.casefold() not in taken)
