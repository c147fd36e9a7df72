"""DDIM (arXiv 2010.02502) without added noise."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="ddim",
    title="DDIM",
    label="DDIM",
    scheduler="DDIMScheduler",
    options={"timestep_spacing": "leading", "steps_offset": 1, "clip_sample": False},
    order=130,
)
