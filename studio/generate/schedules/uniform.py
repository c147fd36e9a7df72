"""Timesteps at equal distances."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(
    name="uniform", title="Uniform", aliases=("Normal", "DDIM", "ddim_uniform", "linear"), order=10
)
