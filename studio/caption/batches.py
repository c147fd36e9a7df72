"""Batches: pictures opened ahead of the models, and batches that shrink when memory runs out."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from PIL.Image import Image

from studio.caption.captioners._base import OpenedCaptioner
from studio.caption.settings import CaptionSettings
from studio.caption.warm import free_memory
from studio.data.dataset import Picture
from studio.data.pictures import open_picture
from studio.errors import OutOfMemory, PictureError

Opened = tuple[Picture, Image | PictureError]


def opened(pictures: Sequence[Picture], side: int, ahead: int) -> Generator[Opened, None, None]:
    """The pictures in order, each with its image or its fault.

    They are opened in the background while the model works, at most `ahead` of them in advance.
    """
    coming: deque[tuple[Picture, Future[Image | PictureError]]] = deque()
    pool = ThreadPoolExecutor(max_workers=2)
    try:
        for picture in pictures:
            coming.append((picture, pool.submit(_open, picture.path, side)))
            if len(coming) > ahead:
                yield _ready(*coming.popleft())
        while coming:
            yield _ready(*coming.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _open(path: Path, side: int) -> Image | PictureError:
    try:
        return open_picture(path, at_least=side)
    except PictureError as fault:
        return fault


def _ready(picture: Picture, image: Future[Image | PictureError]) -> Opened:
    return picture, image.result()


def by_shape(pictures: Sequence[Picture]) -> list[Picture]:
    """The pictures in such an order that those of one batch are of like shape and size."""
    return sorted(pictures, key=lambda one: (round(4 * one.size[0] / one.size[1]), one.size[0] * one.size[1]))


class Batches:
    """Asks the captioners, `size` images at once; `size` shrinks when that is too much."""

    def __init__(self, captioners: Sequence[OpenedCaptioner], settings: CaptionSettings) -> None:
        self.captioners, self.settings, self.size = captioners, settings, settings.batch_size

    def captions(self, images: list[Image]) -> Iterator[str]:
        """A caption for each image, as they come; raises `OutOfMemory` when one image is too much."""
        while images:
            batch = images[: self.size]
            said = self._attempt(batch)
            if said is not None:
                yield from said
                images = images[len(batch) :]
            elif len(batch) == 1:
                raise OutOfMemory(
                    "The memory is not enough for this captioner, even with one picture at once",
                    remedy="Close other programs that use the card, or choose a smaller captioner.",
                )
            else:
                self.size = len(batch) // 2
                free_memory()

    def _attempt(self, batch: list[Image]) -> list[str] | None:
        """The captions of a batch, or None when the memory was not enough."""
        try:
            said = [captioner.caption(batch, self.settings) for captioner in self.captioners]
        except (MemoryError, RuntimeError) as fault:
            if not _out_of_memory(fault):
                raise
            return None
        return [joined(texts) for texts in zip(*said, strict=True)]


def joined(texts: Sequence[str]) -> str:
    """What several captioners said of a picture as one line: a comma between, none after a full stop."""
    line = ""
    for text in texts:
        words = " ".join(text.split())
        between = "" if not (line and words) else " " if line[-1] in ".!?,;:" else ", "
        line += between + words
    return line


def _out_of_memory(fault: BaseException) -> bool:
    """On a card the fault has a name; on the processor and on Apple's chips only its words tell."""
    if isinstance(fault, MemoryError) or type(fault).__name__ == "OutOfMemoryError":
        return True
    return any(
        words in str(fault) for words in ("out of memory", "can't allocate memory", "not enough memory")
    )
