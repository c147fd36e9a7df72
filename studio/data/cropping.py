"""Cropping: a crop is chosen or given up as a change of its dataset, which can be taken back."""

from __future__ import annotations

from pathlib import Path

from studio.data.crops import Crop, crop_edit
from studio.data.journal import Journal, new_change


def set_crop(picture: Path, crop: Crop | None) -> None:
    """Train on this part of a picture from now on, or on all of it again."""
    journal = Journal(picture.parent)
    with journal.locked():
        edit = crop_edit(picture, crop)
        _, before, after = edit
        if before != after:
            note = f"Use all of {picture.name}" if crop is None else f"Crop {picture.name}"
            journal.commit(new_change([], by="hand", note=note, crops=(edit,)))
