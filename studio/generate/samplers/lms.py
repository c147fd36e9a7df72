"""Linear multistep of fourth order, as in k-diffusion."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="lms",
    title="LMS",
    label="LMS",
    scheduler="LMSDiscreteScheduler",
    options={"timestep_spacing": "linspace"},
    aliases=("k_lms", "lms_k"),
    order=120,
)
