"""What a sampler is: a name that people know, and the diffusers scheduler that it means."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from studio.generate.schedules import SCHEDULES

EVENLY: Mapping[str, Any] = {
    "use_karras_sigmas": False,
    "use_exponential_sigmas": False,
    "use_beta_sigmas": False,
    "use_lu_lambdas": False,
}
"""What a base may have set in its own scheduler, and what a sampler of another schedule must not inherit."""


@dataclass(frozen=True)
class Sampler:
    """One way from noise to a picture.

    `scheduler` is the diffusers class, `options` what is set over the base's own schedule, `usual` the
    schedule that “Automatic” means. `label` is the word in a picture's parameters, as A1111 writes it,
    `aliases` are those of other programs. `flow` is the class for bases whose noise is a straight flow,
    "" where there is none; `most_steps` is 0 where there is no limit.
    """

    name: str
    title: str
    label: str
    scheduler: str
    options: Mapping[str, Any] = field(default_factory=dict)
    usual: str = "uniform"
    flow: str = ""
    flow_options: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    most_steps: int = 0
    order: int = 100

    def suits(self, config: Mapping[str, Any]) -> bool:
        """Whether it can sample the base of this scheduler configuration."""
        return bool(self.flow) or not is_flow(config)

    def schedules(self, config: Mapping[str, Any]) -> list[str]:
        """The names of the schedules that it can follow on this base."""
        known = set(_known(self.class_of(config)))
        named = [each.name for each in SCHEDULES if known.issuperset(each.options)]
        return [name for name in named if not is_flow(config) or name in FLOW_SCHEDULES]

    def class_of(self, config: Mapping[str, Any]) -> Any:
        """The diffusers class for this base."""
        import diffusers

        return getattr(diffusers, self.flow if is_flow(config) else self.scheduler)

    def build(self, config: Mapping[str, Any], schedule: str = "auto") -> Any:
        """A scheduler with the base's noise schedule (`config` is that of the base's own scheduler)."""
        wanted = self.usual if schedule == "auto" else schedule
        if is_flow(config):
            return self._of_flow(config)
        if wanted not in self.schedules(config):
            wanted = "uniform"
        from studio.generate.samplers._pure_noise import from_pure_noise, rescaled

        kind, options = self.class_of(config), {**EVENLY, **self.options}
        spread = SCHEDULES.get(wanted).options
        if begins_in_pure_noise(config) or config.get("timestep_spacing") == "trailing":
            options["timestep_spacing"] = "trailing"
            spread = {name: value for name, value in spread.items() if name != "timestep_spacing"}
        if begins_in_pure_noise(config):
            kind = from_pure_noise(kind)
            options |= {} if "rescale_betas_zero_snr" in _known(kind) else rescaled(config)
        return _made(kind, config, {**options, **spread})

    def _of_flow(self, config: Mapping[str, Any]) -> Any:
        shift = {"flow_shift": float(config.get("shift") or 1.0)}
        return _made(self.class_of(config), config, {**EVENLY, **shift, **self.flow_options})


FLOW_SCHEDULES = ("auto", "uniform")
"""The others spread diffusion's noise levels, which a flow does not have."""


def _made(kind: Any, config: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    known = _known(kind)
    return kind.from_config(config, **{name: value for name, value in options.items() if name in known})


def _known(kind: Any) -> list[str]:
    """The options of a diffusers scheduler."""
    return list(inspect.signature(kind.__init__).parameters)


def begins_in_pure_noise(config: Mapping[str, Any]) -> bool:
    """Whether the base was trained down to no signal at all (arXiv 2305.08891).

    Its sampling must begin at the very last timestep.
    """
    return bool(config.get("rescale_betas_zero_snr"))


def is_flow(config: Mapping[str, Any]) -> bool:
    """Whether the base's noise is a straight flow."""
    return str(config.get("_class_name", "")).startswith("FlowMatch")


def usable_steps(scheduler: Any, steps: int) -> int:
    """`steps`, or one more where diffusers' rounding of “trailing” would end before the first timestep."""
    scheduler.set_timesteps(steps)
    return steps if int(scheduler.timesteps.min()) >= 0 else usable_steps(scheduler, steps + 1)
