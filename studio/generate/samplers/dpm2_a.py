"""DPM2 with fresh noise at each step."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="dpm2_a",
    title="DPM2 a",
    label="DPM2 a",
    scheduler="KDPM2AncestralDiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    usual="karras",
    aliases=("dpm_2_ancestral", "kdpm_2_a", "k_dpm_2_a"),
    order=110,
)
