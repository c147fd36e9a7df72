"""Timesteps at equal distances that begin at the very last one."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(name="sgm_uniform", title="SGM Uniform", options={"timestep_spacing": "trailing"}, order=40)
