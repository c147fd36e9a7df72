"""PNDM without its Runge-Kutta steps (arXiv 2202.09778), which A1111 calls PLMS."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="plms",
    title="PLMS",
    label="PLMS",
    scheduler="PNDMScheduler",
    options={"timestep_spacing": "leading", "steps_offset": 1, "skip_prk_steps": True},
    aliases=("pndm",),
    order=140,
)
