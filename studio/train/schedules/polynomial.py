"""A power of what is left."""

from __future__ import annotations

from studio.train.schedules._base import Schedule, ScheduleSettings


class Polynomial(Schedule):
    """A power of 1 is a line, a higher one falls early, a lower one late."""

    name = "polynomial"
    title = "Polynomial"
    about = "Falls early (power above 1) or late (below 1)."
    order = 50
    reads = frozenset({"schedule_power"})

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """(1 − p) to the power."""
        return float(max(0.0, 1 - part) ** settings.schedule_power)


ENTRY = Polynomial()
