"""Schedules: how the learning rate changes over the steps, one module each."""

from __future__ import annotations

from studio.registry import Registry
from studio.train.optimizers import OPTIMIZERS
from studio.train.schedules._base import RateSettings, Schedule

SCHEDULES: Registry[Schedule] = Registry(__name__, "schedule")
LEVEL = "constant"


def rate_factor(done: int, settings: RateSettings) -> float:
    """What the learning rate is multiplied by after `done` steps.

    An optimizer that brings a schedule of its own gets the warm-up and then a level rate.
    """
    chosen = LEVEL if OPTIMIZERS.get(settings.optimizer).schedules_itself else settings.schedule
    return SCHEDULES.get(chosen).factor(done, settings.steps, settings)
