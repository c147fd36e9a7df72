"""The sampler that the base itself names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.generate.samplers._base import Sampler


@dataclass(frozen=True)
class Own(Sampler):
    """The base's scheduler as its makers saved it."""

    def build(self, config: Mapping[str, Any]) -> Any:
        """The scheduler of the class that the base's configuration names."""
        import diffusers

        return getattr(diffusers, str(config["_class_name"])).from_config(config)


ENTRY = Own(name="auto", title="The base model's own", label="", scheduler="", order=0)
