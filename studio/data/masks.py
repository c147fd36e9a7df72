"""Masks: beside a picture, a grey one of the same shape; white is learnt, black is not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import IO, cast

from PIL import Image

from studio.data.decoding import decoding
from studio.data.journal import HISTORY
from studio.data.pictures import MASK, open_picture, probe, turned
from studio.errors import PictureError
from studio.workspace import free_path, writing


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


def write_mask(picture: Path, image: Image.Image) -> Path:
    """Give a picture its mask, in the picture's own size; the mask before goes into the hidden folder.

    Transparent parts of `image` count as black. Raises `PictureError` for an unreadable picture.
    """
    size = probe(picture)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    mask = image.convert("L")
    if mask.size != size:
        mask = mask.resize(size, Image.Resampling.BILINEAR)
    _keep(picture)
    with writing(mask_file(picture), "wb") as file:
        mask.save(cast("IO[bytes]", file), "PNG")
    return mask_file(picture)


def mask_from_alpha(picture: Path) -> Path:
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
    return write_mask(picture, alpha)


def remove_mask(picture: Path) -> None:
    """Learn all of a picture again; its mask is kept in the hidden folder."""
    if mask_of(picture) is not None:
        _keep(picture)
        mask_file(picture).unlink()


def _keep(picture: Path) -> None:
    """Put a copy of the present mask aside, under a name that is free."""
    present = mask_of(picture)
    if present is not None:
        aside = free_path(picture.parent / HISTORY / "masks" / present.name)
        aside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(present, aside)
