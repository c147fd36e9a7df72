"""Noise levels at equal ratios."""

from studio.generate.schedules._base import Schedule

ENTRY = Schedule(
    name="exponential",
    title="Exponential",
    options={"use_exponential_sigmas": True, "timestep_spacing": "linspace"},
    order=30,
)
