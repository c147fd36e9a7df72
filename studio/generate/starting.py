"""The picture that a generation starts from, made ready: its size, its new edges, its mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.errors import SettingsError
from studio.generate.inputs import open_input, open_mask
from studio.generate.settings import GenerateSettings
from studio.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

SEAM = 16  # pixels of the old picture that are painted anew beside new edges


@dataclass(frozen=True)
class Start:
    """A picture of the size to paint, and a mask whose white is painted anew; None where all is."""

    image: Image
    mask: Image | None
    strength: float

    def kept(self, painted: Image) -> Image:
        """The painted picture with everything outside the mask as it was."""
        from PIL import Image

        return Image.composite(painted, self.image, self.mask) if self.mask else painted


def start_size(settings: GenerateSettings, workspace: Workspace) -> tuple[int, int] | None:
    """The size of the picture to start from, with its new edges; None without a picture."""
    if not settings.image:
        if settings.mask or any(settings.outpaint):
            raise SettingsError("Picture to start from: there is none yet", field="image")
        return None
    width, height = open_input(workspace, settings.image).size
    left, top, right, bottom = settings.outpaint
    return width + left + right, height + top + bottom


def make_start(settings: GenerateSettings, workspace: Workspace) -> Start:
    """The start of a generation whose size is settled; raises `PictureError`."""

    image, size = open_input(workspace, settings.image), (settings.width, settings.height)
    mask = open_mask(workspace, settings.mask, image.size) if settings.mask else None
    if any(settings.outpaint):
        image, mask = _with_edges(image, mask, settings.outpaint)
        return Start(_fitted(image, size), _fitted(mask, size), 1.0)
    return Start(_fitted(image, size), _fitted(mask, size) if mask else None, settings.strength)


def _with_edges(image: Image, mask: Image | None, sides: tuple[int, int, int, int]) -> tuple[Image, Image]:
    """The picture on a larger canvas on which its rim runs on, and a mask with the new parts in white."""
    import numpy as np
    from PIL import Image

    left, top, right, bottom = sides
    around = ((top, bottom), (left, right))
    canvas = Image.fromarray(np.pad(np.asarray(image), (*around, (0, 0)), mode="edge"))
    old = np.zeros((image.height, image.width), dtype=np.uint8) if mask is None else np.array(mask)
    for axis, (before, after) in enumerate(around):
        rows = old if axis == 0 else old.T
        rows[: SEAM if before else 0] = 255
        rows[len(rows) - (SEAM if after else 0) :] = 255
    return canvas, Image.fromarray(np.pad(old, around, constant_values=255))


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """The whole width or height, cut at the middle of the other."""
    from PIL import Image, ImageOps

    return ImageOps.fit(image, size, Image.Resampling.LANCZOS) if image.size != size else image
