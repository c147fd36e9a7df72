"""Upscaling: enlarging a picture before its second pass, by a filter or by a model of the person's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.errors import ModelError
from studio.workspace import Workspace

if TYPE_CHECKING:
    from PIL.Image import Image

FILTER = "lanczos"
FOLDER = "upscalers"


def names(workspace: Workspace) -> list[tuple[str, str]]:
    """The upscalers there are, as (title, value): Lanczos, then the files of `models/upscalers`."""
    files = sorted((workspace.models / FOLDER).rglob("*.safetensors"), key=lambda path: path.stem.casefold())
    return [("Lanczos", FILTER), *((file.stem, file.stem) for file in files)]


def enlarge(image: Image, size: tuple[int, int], upscaler: str, workspace: Workspace) -> Image:
    """The picture at this size; raises `ModelError` for a model that is not there or cannot be read."""
    from PIL import Image

    if upscaler != FILTER:
        from studio.generate.upscaling._spandrel import upscaled

        files = {path.stem: path for path in (workspace.models / FOLDER).rglob("*.safetensors")}
        if upscaler not in files:
            raise ModelError(
                f"There is no upscaler called “{upscaler[:60]}”",
                remedy=f"Choose Lanczos, or put its .safetensors file into {workspace.models / FOLDER}.",
            )
        image = upscaled(image, files[upscaler], size)
    return image.resize(size, Image.Resampling.LANCZOS)
