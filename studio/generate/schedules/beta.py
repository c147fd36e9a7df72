"""Timesteps after a beta distribution, more of them at both ends (arXiv 2407.12173)."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(
    name="beta",
    title="Beta",
    options={"use_beta_sigmas": True, "timestep_spacing": "linspace"},
    order=60,
)
