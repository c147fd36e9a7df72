"""The captioning engine: the pictures of a dataset, a few at once, to captions beside them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from itertools import islice

from studio.caption.batches import Batches, by_shape, opened
from studio.caption.behind import Behind
from studio.caption.captioners._base import Captioner, OpenedCaptioner
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.caption.task import Task
from studio.caption.warm import Warm
from studio.data.dataset import dataset_folder, open_dataset
from studio.errors import PictureError
from studio.jobs.context import Context


class CaptionEngine:
    """Captions datasets; the models stay open from job to job."""

    def __init__(self) -> None:
        self._warm = Warm()

    def __call__(self, context: Context, settings: CaptionSettings) -> str:
        """Do one job and say what came of it; resumed, it goes on with what is not done in this run."""
        task = Task(context, settings, open_dataset(dataset_folder(context.workspace, settings.dataset)))
        if task.waiting:
            wanted = [CAPTIONERS.get(name) for name in (settings.captioner, settings.second) if name]
            context.progress(task.step, task.total, f"Opening {_titles(wanted)}")
            with self._warm.captioners(wanted, context, settings) as captioners:
                _work(task, captioners)
        return task.outcome()


def _work(task: Task, captioners: Sequence[OpenedCaptioner]) -> None:
    """Caption all that wait; stopped, what is done stays done.

    While the models look at the next pictures, a thread writes the captions of the last ones.
    """
    batches = Batches(captioners, task.settings)
    waiting = by_shape(task.waiting) if any(one.alike for one in captioners) else task.waiting
    coming = opened(waiting, max(one.side for one in captioners), ahead=2 * batches.size)
    with closing(coming), Behind(task.take) as writer:
        while batch := list(islice(coming, batches.size)):
            task.context.check()
            texts = batches.captions([image for _, image in batch if not isinstance(image, PictureError)])
            writer.add(
                [
                    (picture, image if isinstance(image, PictureError) else next(texts))
                    for picture, image in batch
                ]
            )


def _titles(captioners: Sequence[Captioner]) -> str:
    return " and ".join(one.title for one in captioners)
