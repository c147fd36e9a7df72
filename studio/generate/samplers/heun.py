"""Heun (arXiv 2206.00364, algorithm 1): two predictions a step."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="heun",
    title="Heun",
    label="Heun",
    scheduler="HeunDiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    flow="FlowMatchHeunDiscreteScheduler",
    aliases=("k_heun",),
    order=90,
)
