"""Masks: beside a picture, a grey one of the same shape; white is learnt, black is not."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import IO, cast

from PIL import Image

from studio.data.decoding import decoding
from studio.data.journal import Journal, new_change
from studio.data.pictures import MASK, open_picture, probe, turned
from studio.data.sidecars import HISTORY, explained
from studio.errors import PictureError
from studio.workspace import writing

KEPT = f"{HISTORY}/masks"


def mask_file(picture: Path) -> Path:
    """Where the mask of a picture lies, as other trainers look for it."""
    return picture.with_name(f"{picture.stem}{MASK}.png")


def mask_of(picture: Path) -> Path | None:
    """The mask of a picture, None where all of it is learnt."""
    file = mask_file(picture)
    return file if os.path.isfile(file) else None  # a name may be too long for there to be one


def open_mask(picture: Path) -> Image.Image | None:
    """The mask in 8-bit grey, as it lies on the picture as seen; None where there is none."""
    file = mask_of(picture)
    return None if file is None else open_picture(file, background="black").convert("L")


def write_mask(picture: Path, image: Image.Image, *, group: str = "") -> Path:
    """Give a picture its mask, in the picture's own size: a change of the dataset, which can be taken back.

    Transparent parts of `image` count as black. `group` is that of a `Change`. Raises `PictureError`
    for an unreadable picture.
    """
    size = probe(picture)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    mask = image.convert("L")
    if mask.size != size:
        mask = mask.resize(size, Image.Resampling.BILINEAR)
    _change(picture, mask, f"Mask of {picture.name}", group)
    return mask_file(picture)


def mask_from_alpha(picture: Path, *, group: str = "") -> Path:
    """Make a mask of a picture's transparency: what can be seen is learnt.

    Raises `PictureError` when nothing of it, or all of it, is transparent.
    """
    with decoding(picture, picture.name) as opened:
        opened.load()
        seen = turned(opened)
        alpha = seen.convert("RGBA").getchannel("A") if seen.has_transparency_data else None
    darkest, lightest = alpha.getextrema() if alpha is not None else (255, 255)
    if alpha is None or darkest == 255:
        raise PictureError(
            f"{picture.name} has no transparency to make a mask of", remedy="Draw the mask instead."
        )
    if lightest == 0:
        raise PictureError(
            f"No mask can be made of {picture.name}",
            why="All of it is transparent",
            remedy="Draw the mask instead.",
        )
    return write_mask(picture, alpha, group=group)


def remove_mask(picture: Path, *, group: str = "") -> None:
    """Learn all of a picture again; its mask is kept in the hidden folder, and can be brought back."""
    if mask_of(picture) is not None:
        _change(picture, None, f"No mask of {picture.name}", group)


def _change(picture: Path, mask: Image.Image | None, note: str, group: str) -> None:
    """Move the present mask aside, and the new one to its place."""
    folder, file, place = picture.parent, mask_file(picture), f"{KEPT}/{secrets.token_hex(4)}"
    journal = Journal(folder)
    with journal.locked(file):
        moves = [(file.name, f"{place}/before/{file.name}")] if mask_of(picture) else []
        if mask is not None:
            new = f"{place}/{file.name}"
            with explained(file), writing(folder / new, "wb") as written:
                mask.save(cast("IO[bytes]", written), "PNG")
            moves.append((new, file.name))
        journal.commit(new_change([], by="hand", note=note, group=group, moves=tuple(moves)))
