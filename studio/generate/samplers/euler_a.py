"""Euler ancestral: adds fresh noise at each step, so that more steps give another picture."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="euler_a",
    title="Euler a",
    label="Euler a",
    scheduler="EulerAncestralDiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    aliases=("euler_ancestral", "k_euler_a", "k_euler_ancestral"),
    order=20,
)
