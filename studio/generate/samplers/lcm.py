"""LCM (arXiv 2310.04378): four to eight steps with an LCM adapter, guidance 1 to 2."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="lcm",
    title="LCM",
    label="LCM",
    scheduler="LCMScheduler",
    options={"original_inference_steps": 50, "clip_sample": False},
    flow="FlowMatchLCMScheduler",
    most_steps=50,
    order=150,
)
