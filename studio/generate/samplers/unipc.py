"""UniPC (arXiv 2302.04867): a predictor with a corrector, good with few steps."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="unipc",
    title="UniPC",
    label="UniPC",
    scheduler="UniPCMultistepScheduler",
    options={"timestep_spacing": "linspace", "use_karras_sigmas": False},
    order=60,
)
