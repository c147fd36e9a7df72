"""The sampler that the base itself names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.generate.samplers._base import EVENLY, Sampler
from studio.generate.schedules import SCHEDULES


@dataclass(frozen=True)
class Own(Sampler):
    """The base's scheduler as its makers saved it; with another schedule where it can follow one."""

    def suits(self, config: Mapping[str, Any]) -> bool:
        """Always."""
        return True

    def class_of(self, config: Mapping[str, Any]) -> Any:
        """The class that the base's configuration names."""
        import diffusers

        return getattr(diffusers, str(config["_class_name"]))

    def build(self, config: Mapping[str, Any], schedule: str = "auto") -> Any:
        """The scheduler of the class that the base's configuration names."""
        kind = self.class_of(config)
        if schedule == "auto" or schedule not in self.schedules(config):
            return kind.from_config(config)
        options = {name: value for name, value in EVENLY.items() if name in config}
        return kind.from_config(config, **{**options, **SCHEDULES.get(schedule).options})


ENTRY = Own(name="auto", title="The base model's own", label="", scheduler="", order=0)
