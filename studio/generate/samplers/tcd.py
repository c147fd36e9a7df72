"""TCD (arXiv 2402.19159): as LCM, for TCD and Hyper adapters; less noise than there."""

from studio.generate.samplers._base import Sampler

ENTRY = Sampler(
    name="tcd",
    title="TCD",
    label="TCD",
    scheduler="TCDScheduler",
    options={"original_inference_steps": 50, "clip_sample": False},
    most_steps=50,
    order=160,
)
