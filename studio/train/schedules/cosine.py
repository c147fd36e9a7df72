"""Half a cosine from full to nothing (Loshchilov and Hutter, arXiv 1608.03983)."""

from __future__ import annotations

from math import cos, pi

from studio.train.schedules._base import Schedule, ScheduleSettings


class Cosine(Schedule):
    """Slow at both ends."""

    name = "cosine"
    title = "Cosine"
    about = "Falls gently to nothing. The usual choice."
    order = 10

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """(1 + cos πp) / 2."""
        return (1 + cos(pi * part)) / 2


ENTRY = Cosine()
