"""Euler (arXiv 2206.00364, algorithm 2 without churn)."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="euler",
    title="Euler",
    label="Euler",
    scheduler="EulerDiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    flow="FlowMatchEulerDiscreteScheduler",
    aliases=("k_euler",),
    order=10,
)
