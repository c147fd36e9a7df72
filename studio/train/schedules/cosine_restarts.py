"""A cosine that begins again several times (Loshchilov and Hutter, arXiv 1608.03983)."""

from __future__ import annotations

from math import cos, pi

from studio.train.schedules._base import Schedule, ScheduleSettings


class CosineWithRestarts(Schedule):
    """As many falls as the settings' `restarts` say, each as long as the others."""

    name = "cosine-restarts"
    title = "Cosine with restarts"
    about = "Falls and begins again, several times; the checkpoint before each restart is a finished one."
    order = 40
    reads = frozenset({"restarts"})

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """The cosine of each fall's own part; nothing at the very end."""
        if part >= 1:
            return 0.0
        return (1 + cos(pi * (part * settings.restarts % 1))) / 2


ENTRY = CosineWithRestarts()
