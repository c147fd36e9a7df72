"""Warm models: open from job to job, but off the card between them."""

from __future__ import annotations

import gc
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager

from studio.caption.captioners._base import Captioner, OpenedCaptioner
from studio.caption.settings import CaptionSettings
from studio.jobs.context import Context


class Warm:
    """The captioners of the last job.

    Between jobs they wait in the machine's memory, or are let go when they are large: the card is
    free for painting and training.
    """

    def __init__(self) -> None:
        self._open: dict[Hashable, OpenedCaptioner] = {}

    @contextmanager
    def captioners(
        self, wanted: Sequence[Captioner], context: Context, settings: CaptionSettings
    ) -> Iterator[list[OpenedCaptioner]]:
        """These captioners, ready for work while the block runs; raises what opening them raises."""
        keys = [one.key(settings) for one in wanted]
        self._keep({key: one for key, one in self._open.items() if key in keys})
        try:
            yield [self._ready(key, one, context, settings) for key, one in zip(keys, wanted, strict=True)]
        finally:
            self._keep({key: one for key, one in self._open.items() if one.rest()})

    def _keep(self, kept: dict[Hashable, OpenedCaptioner]) -> None:
        """Let go of the others."""
        self._open = kept
        free_memory()

    def _ready(
        self, key: Hashable, captioner: Captioner, context: Context, settings: CaptionSettings
    ) -> OpenedCaptioner:
        if key not in self._open:
            from studio.models.opening import best_device

            self._open[key] = captioner.open(best_device(), context, settings)
        return self._open[key].wake()


def free_memory() -> None:
    """Hand what is no longer used back to the card."""
    import torch

    if torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()
