"""Schedules: how the noise is spread over the steps, one module each, under the names people know."""

from studio.generate.schedules._base import Schedule
from studio.registry import Registry

SCHEDULES: Registry[Schedule] = Registry(__name__, "schedule")
