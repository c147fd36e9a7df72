"""What a sampler is: a name that people know, and the diffusers scheduler that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sampler:
    """One way from noise to a picture.

    `scheduler` is the diffusers class, `options` what is set over the base's own schedule.
    `label` and `schedule_type` are the words for it in a picture's parameters, as A1111 writes
    them; `most_steps` is 0 where there is no limit.
    """

    name: str
    title: str
    label: str
    scheduler: str
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule_type: str = "Automatic"
    most_steps: int = 0
    order: int = 100

    def build(self, config: Mapping[str, Any]) -> Any:
        """A scheduler with the base's noise schedule (`config` is that of the base's own scheduler)."""
        import diffusers

        options = dict(self.options)
        if begins_in_pure_noise(config) or config.get("timestep_spacing") == "trailing":
            options["timestep_spacing"] = "trailing"
        return getattr(diffusers, self.scheduler).from_config(config, **options)


def begins_in_pure_noise(config: Mapping[str, Any]) -> bool:
    """Whether the base was trained down to no signal at all (arXiv 2305.08891).

    Its sampling must begin at the very last timestep.
    """
    return bool(config.get("rescale_betas_zero_snr"))


def is_flow(config: Mapping[str, Any]) -> bool:
    """Whether the base's noise is a straight flow, which only its own sampler knows."""
    return str(config.get("_class_name", "")).startswith("FlowMatch")


def usable_steps(scheduler: Any, steps: int) -> int:
    """`steps`, or one more where diffusers' rounding of “trailing” would end before the first timestep."""
    scheduler.set_timesteps(steps)
    return steps if int(scheduler.timesteps.min()) >= 0 else usable_steps(scheduler, steps + 1)
