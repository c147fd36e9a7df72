"""Previews: what the picture will be, while it is still noise."""

from __future__ import annotations

import io
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING, cast

from studio.jobs.context import Context
from studio.workspace import writing

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from studio.generate.painting import Painter

SHARE = 0.05  # of the time that painting takes may go into previews
SIDE = 512  # pixels, at most


class Previews:
    """Shows the pictures of a job in the making, as often as that is cheap."""

    def __init__(self, painter: Painter, context: Context) -> None:
        self._painter, self._context = painter, context
        self._begun, self._spent = time.perf_counter(), 0.0

    def show(self, guess: Tensor | None, step: int, steps: int) -> None:
        """Show the guess of a step of the job, unless too much time went there already."""
        now = time.perf_counter()
        if guess is None or guess.ndim != 4 or self._spent > SHARE * (now - self._begun):
            return
        data = jpeg(self._painter.sight.look(guess))
        self._context.glimpse(data, step, steps)
        path = self._context.folder / "preview.jpg"
        with suppress(PermissionError):  # on Windows, while the page is just reading the last one
            with writing(path, "wb") as file:
                cast("IO[bytes]", file).write(data)
            self._context.artifact("preview", path, step=step)
        self._spent += time.perf_counter() - now


def jpeg(image: Image) -> bytes:
    """A picture as the page shows it for a moment."""
    data = io.BytesIO()
    image.thumbnail((SIDE, SIDE))
    image.save(data, format="JPEG", quality=88)
    return data.getvalue()
