"""Previews: what the picture will be, while it is still noise."""

from __future__ import annotations

import functools
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from studio.jobs.context import Context
from studio.workspace import writing

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model

SHARE = 0.1  # of the time that painting takes may go into previews
SIDE = 384  # pixels, at most


class Previews:
    """Shows the pictures of a job in the making, as often as that is cheap.

    Each step of a sampler comes with a guess at the finished latents; samplers that do not tell
    theirs (PNDM) have no previews.
    """

    def __init__(self, model: Model, context: Context) -> None:
        self._model, self._context = model, context
        self._begun, self._spent = time.perf_counter(), 0.0
        self._guess: Tensor | None = None

    def listen(self, scheduler: Any) -> None:
        """Take the guesses of this scheduler, which is that of one picture."""
        self._guess = None
        take_step = scheduler.step

        @functools.wraps(take_step)  # pipelines look at the signature
        def step(*args: Any, **options: Any) -> Any:
            result = take_step(*args, **options)
            told = result[1:] if isinstance(result, tuple) else ()
            self._guess = [*getattr(scheduler, "model_outputs", [None]), *told][-1]
            return result

        scheduler.step = step

    def show(self, step: int) -> None:
        """Write the guess of this step to a file and tell of it, unless too much time went there already."""
        now = time.perf_counter()
        if self._guess is None or self._spent > SHARE * (now - self._begun):
            return
        image = picture_of(self._model.decode_latents(self._guess))
        image.thumbnail((SIDE, SIDE))
        path = self._context.folder / "preview.jpg"
        with suppress(PermissionError):  # on Windows, while the page is just reading the last one
            with writing(path, "wb") as file:
                image.save(file, format="JPEG", quality=85)
            self._context.artifact("preview", path, step=step)
        self._spent += time.perf_counter() - now


def picture_of(pixels: Tensor) -> Any:
    """The first of (batch, 3, height, width) pixels in -1…1 as a Pillow image."""
    from PIL import Image

    values = (pixels[0].float() / 2 + 0.5).clamp(0, 1).mul(255).round().byte()
    return Image.fromarray(values.permute(1, 2, 0).cpu().numpy())
