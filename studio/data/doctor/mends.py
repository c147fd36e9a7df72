"""Mends: what a button under a finding does. Nothing is lost by any of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.data import removal
from studio.data.captions import read_caption, write_captions
from studio.data.cropping import set_crop
from studio.data.crops import Crop
from studio.data.doctor.apart import keep_apart
from studio.data.doctor.findings import told
from studio.data.doctor.words import without
from studio.data.editing import AddTrigger
from studio.data.hints import set_hints
from studio.data.masks import mask_from_alpha
from studio.data.removal import moved_pictures, present, take_out
from studio.errors import StudioError


def mend(folder: Path, action: str, arguments: Mapping[str, Any]) -> str:
    """Do what a `Mend` says in a dataset's folder, and tell in a sentence what was done.

    Raises `StudioError` for an action that is unknown, or what stood in its way.
    """
    if action not in ACTIONS:
        raise StudioError(f"The doctor has no remedy called “{action}”")
    return ACTIONS[action](folder, **arguments)


def remove(folder: Path, pictures: Sequence[str]) -> str:
    """Take pictures out, with captions and masks; undo and `bring_back` bring them back."""
    count = len(moved_pictures(take_out(folder, pictures)))
    return told(count, "{n} picture{s} {were} taken out. Undo brings {them} back, with the caption{s}.")


def keep_all(folder: Path, groups: Sequence[Sequence[str]]) -> str:
    """Leave pictures that are alike as they are, and do not speak of them again."""
    found = [present(folder, group) for group in groups]
    keep_apart(folder, found)
    return f"All {sum(map(len, found))} stay, and the check does not ask again."


def bring_back(folder: Path, pictures: Sequence[str] = ()) -> str:
    """Bring these pictures back, or all that were taken out."""
    count = len(moved_pictures(removal.bring_back(folder, pictures)))
    return told(count, "{n} picture{s} {are} back.") if count else "Nothing was put aside."


def discard(folder: Path) -> str:
    """Move what was taken out to the system's bin."""
    return told(removal.discard(folder), "{n} picture{s} {were} moved to the bin of your system.")


def name_trigger(folder: Path, word: str) -> str:
    """Remember a word as the trigger word of the dataset."""
    set_hints(folder, trigger=word)
    return f"“{word}” is the trigger word. The Train room takes it over."


def add_trigger(folder: Path, pictures: Sequence[str], word: str) -> str:
    """Put the trigger word before the captions that lack it."""
    operation = AddTrigger(word)
    changed = _edit(folder, pictures, operation.apply, operation.title)
    return f"“{word}” was added to {told(changed, '{n} caption{s}')}."


def drop(folder: Path, pictures: Sequence[str], words: str) -> str:
    """Take the tags that say nothing but these words out of captions."""
    changed = _edit(folder, pictures, lambda caption: without(caption, words), f"Drop “{words}”")
    return f"“{words}” was dropped from {told(changed, '{n} caption{s}')}."


def crop(folder: Path, picture: str, sides: Sequence[float]) -> str:
    """Train only on a part of a picture: left, top, right, bottom in fractions."""
    (path,) = present(folder, [picture])
    set_crop(path, Crop(*sides))
    return f"{picture} is trained on the part you chose. The file itself stays whole."


def alpha_masks(folder: Path, pictures: Sequence[str]) -> str:
    """Make masks of what is transparent in pictures."""
    group = f"masks {secrets.token_hex(4)}"
    for picture in present(folder, pictures):
        mask_from_alpha(picture, group=group)
    return told(len(pictures), "{n} mask{s} {were} made.")


ACTIONS: dict[str, Callable[..., str]] = {
    action.__name__: action
    for action in (remove, keep_all, bring_back, discard, name_trigger, add_trigger, drop, crop, alpha_masks)
}


def _edit(folder: Path, pictures: Sequence[str], change: Callable[[str], str], note: str) -> int:
    """Change captions in one go, which can be undone in one go; how many changed."""
    before = {picture: read_caption(picture) for picture in present(folder, pictures)}
    after = {picture: change(caption) for picture, caption in before.items()}
    return len(write_captions(after, by="doctor", note=note, expected=before).pictures)
