"""DPM-Solver++ 2M at the noise levels of Karras et al. (arXiv 2206.00364, equation 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.generate.samplers._base import Sampler, begins_in_pure_noise


@dataclass(frozen=True)
class Karras(Sampler):
    """Where the base begins in pure noise, one step leads from there to where Karras's levels begin."""

    def build(self, config: Mapping[str, Any]) -> Any:
        """A scheduler whose first level is the base's own last timestep."""
        if not begins_in_pure_noise(config):
            return super().build(config)
        from studio.generate.samplers._karras import KarrasFromPureNoise

        return KarrasFromPureNoise.from_config(config, **self.options)


ENTRY = Karras(
    name="dpmpp_2m_karras",
    title="DPM++ 2M Karras",
    label="DPM++ 2M",
    scheduler="DPMSolverMultistepScheduler",
    options={"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True},
    schedule_type="Karras",
    order=40,
)
