"""REX, the reflected exponential (Chen et al., arXiv 2107.04197)."""

from __future__ import annotations

from studio.train.schedules._base import Schedule, ScheduleSettings


class Rex(Schedule):
    """Stays high longer than a line, and falls quickly at the end."""

    name = "rex"
    title = "REX"
    about = "Stays high for long and falls at the end; good for few steps."
    order = 60

    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """(1 − p) / (½ + ½ (1 − p))."""
        left = max(0.0, 1 - part)
        return left / (0.5 + 0.5 * left)


ENTRY = Rex()
