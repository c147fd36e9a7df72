"""Pictures to start from, and masks: copies in a hidden folder, named by what is in them."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.data.pictures import open_picture
from studio.errors import PictureError
from studio.workspace import Workspace, writing

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = "inputs"


def keep(workspace: Workspace, source: Path | Image) -> Path:
    """Copy a picture, or one drawn on the page, to `.studio/inputs/`; the same picture is kept once.

    Raises `PictureError` for a file that is no picture. Transparency of an image in memory is kept.
    """
    image = open_picture(source) if isinstance(source, Path) else source
    data = io.BytesIO()
    image.save(data, format="PNG")
    path = workspace.hidden / FOLDER / f"{hashlib.sha256(data.getvalue()).hexdigest()}.png"
    if not path.exists():
        with writing(path, "wb") as file:
            cast("IO[bytes]", file).write(data.getvalue())
    return path


def open_input(workspace: Workspace, text: str) -> Image:
    """The picture of this path, or of this name in `.studio/inputs/`; RGB. Raises `PictureError`."""
    return open_picture(_place(workspace, text))


def open_mask(workspace: Workspace, text: str, size: tuple[int, int]) -> Image:
    """A mask in one channel, of this size: white is painted anew; of a transparent one, what is drawn."""
    from PIL import Image

    path = _place(workspace, text)
    try:
        with Image.open(path) as opened:
            layered = opened.mode in ("RGBA", "LA") and opened.getchannel("A").getextrema() != (255, 255)
            drawn = opened.getchannel("A") if layered else opened.convert("L")
            return drawn.resize(size, Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError):
        raise PictureError(f"The mask {path.name} cannot be read", remedy="Draw it anew.") from None


def _place(workspace: Workspace, text: str) -> Path:
    given = Path(text)
    path = given if given.is_absolute() else workspace.hidden / FOLDER / given.name
    if not path.is_file():
        raise PictureError(
            f"The picture {path.name} is not there any more",
            remedy="Choose the picture to start from again.",
        )
    return path
