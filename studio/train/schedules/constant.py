"""The same learning rate to the end."""

from __future__ import annotations

from studio.train.schedules._base import Schedule, ScheduleSettings


class Constant(Schedule):
    """A level line."""

    name = "constant"
    title = "Constant"
    about = "Stays as it is. The end is rougher, but the training can be made longer at any time."
    order = 20

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """Always 1."""
        return 1.0


ENTRY = Constant()
