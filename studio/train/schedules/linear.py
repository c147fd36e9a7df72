"""A straight line from full to nothing."""

from __future__ import annotations

from studio.train.schedules._base import Schedule, ScheduleSettings


class Linear(Schedule):
    """A falling line."""

    name = "linear"
    title = "Linear"
    about = "Falls in a straight line to nothing."
    order = 30

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """1 − p."""
        return max(0.0, 1 - part)


ENTRY = Linear()
