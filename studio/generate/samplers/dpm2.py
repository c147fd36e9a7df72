"""DPM-Solver-2 as in k-diffusion (arXiv 2206.00364, section 3): two predictions a step."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpm2",
    title="DPM2",
    label="DPM2",
    scheduler="KDPM2DiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    usual="karras",
    aliases=("dpm_2", "kdpm_2", "k_dpm_2"),
    order=100,
)
