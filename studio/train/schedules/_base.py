"""What a schedule of the learning rate is to the rest of the studio."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol


class ScheduleSettings(Protocol):
    """What a schedule needs to know; the settings of a training have it."""

    @property
    def warmup(self) -> float: ...
    @property
    def warmup_steps(self) -> int: ...
    @property
    def restarts(self) -> int: ...
    @property
    def schedule_power(self) -> float: ...


class RateSettings(ScheduleSettings, Protocol):
    """What decides the learning rate of a step."""

    @property
    def steps(self) -> int: ...
    @property
    def schedule(self) -> str: ...
    @property
    def optimizer(self) -> str: ...


class Schedule(ABC):
    """One curve of the learning rate; a module in this package has an instance as its `ENTRY`.

    Pure arithmetic on numbers: the page draws it, and a training that goes on needs no memory of it.
    """

    name: str
    title: str
    about: str
    order: int = 100
    reads: frozenset[str] = frozenset()
    """The settings that are its own; the form shows them beside it alone."""

    def factor(self, done: int, steps: int, settings: ScheduleSettings) -> float:
        """What the learning rate is multiplied by after `done` of `steps` steps, from 0 to 1.

        It rises in a straight line during the warm-up, never from nothing, then follows the curve.
        """
        rising = warmup_steps(steps, settings)
        if done < rising:
            return (done + 1) / (rising + 1)
        return self.curve((done - rising) / max(1, steps - rising), settings)

    @abstractmethod
    def curve(self, part: float, settings: ScheduleSettings) -> float:
        """The factor when `part` (0 to 1) of the steps after the warm-up is over."""


def warmup_steps(steps: int, settings: ScheduleSettings) -> int:
    """How many steps the warm-up takes: as many as named, else its part of all; at least one step is left."""
    return min(settings.warmup_steps or round(steps * settings.warmup), steps - 1)
