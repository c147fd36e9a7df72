"""Regions: the crop and the mask of a picture, as the workbench draws them."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from studio.data.buckets import is_smaller, kept, training_size
from studio.data.cropping import set_crop
from studio.data.crops import Crop, crop_of
from studio.data.journal import going_on
from studio.data.masks import mask_from_alpha, open_mask, remove_mask, write_mask
from studio.errors import PictureError

SIDE = 1024  # pixels of a mask while it is drawn
PNG = "data:image/png;base64,"


def regions(picture: Path, size: tuple[int, int]) -> dict[str, Any]:
    """The crop (fractions) and the mask (a data URL) of a picture."""
    crop, mask = crop_of(picture), open_mask(picture)
    return {
        "crop": [crop.left, crop.top, crop.right, crop.bottom] if crop else None,
        "mask": _data_url(mask) if mask else "",
        "shape": size,
    }


def bucket_box(size: tuple[int, int], box: Sequence[float] | None, facts: Any) -> dict[str, Any] | None:
    """What the bucket keeps of a picture, or of its crop: fractions of the whole, and the bucket's size."""
    if facts is None:
        return None
    crop = Crop(*box) if box else Crop(0, 0, 1, 1)
    across, down = crop.size(size)
    bucket = training_size((across, down), facts.resolution, facts.side_multiple)
    left, top, right, bottom = kept((across, down), bucket)
    x, y = crop.left * size[0], crop.top * size[1]
    return {
        "box": [(x + left) / size[0], (y + top) / size[1], (x + right) / size[0], (y + bottom) / size[1]],
        "bucket": bucket,
        "enlarged": is_smaller((across, down), bucket),
    }


def put_crop(picture: Path, box: Sequence[float] | None) -> None:
    """Train on this part; on all of it where there is none, or where it is the whole."""
    whole = box is not None and min(box[0], box[1]) < 0.002 and max(1 - box[2], 1 - box[3]) < 0.002
    set_crop(picture, None if box is None or (whole and max(box[0], box[1]) < 0.002) else Crop(*box))


def put_mask(picture: Path, drawn: str, *, window: str = "") -> None:
    """Save a mask that was drawn; there is none where nothing was, or where all is learned.

    What one window draws without a longer pause is one change.
    """
    mask = _decoded(picture, drawn) if drawn else None
    group = going_on(picture.parent, f"mask {window} {picture.name}") if drawn else ""
    if mask is None or mask.getextrema() == (255, 255):
        remove_mask(picture, group=group)
    else:
        write_mask(picture, mask, group=group)


def _decoded(picture: Path, drawn: str) -> Image.Image:
    try:
        data = base64.b64decode(drawn.removeprefix(PNG), validate=True)
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            return image.convert("L")
    except (binascii.Error, OSError, ValueError, Image.DecompressionBombError) as fault:
        raise PictureError(
            f"The mask of {picture.name} did not arrive whole", remedy="Save it again."
        ) from fault


def alpha_mask(picture: Path) -> None:
    """Take the mask from what is transparent."""
    mask_from_alpha(picture)


def _data_url(mask: Image.Image) -> str:
    mask.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    mask.save(buffer, "PNG")
    return PNG + base64.b64encode(buffer.getvalue()).decode()
