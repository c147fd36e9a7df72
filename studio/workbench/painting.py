"""Painting at the workbench: one picture at a fixed seed, of the weights as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.generate.opened import Opened
from studio.generate.stepping import Stepping
from studio.workbench.job import Job

if TYPE_CHECKING:
    from PIL.Image import Image

SEED = 20_240_316
MOST_STEPS = 20  # a comparison needs no finer picture


def paint(
    job: Job, opened: Opened, words: str, *, seed: int = SEED, stepping: Stepping | None = None
) -> Image:
    """A picture as the family paints, in few steps; raises `Cancelled` at a step boundary after Stop."""
    import torch

    defaults = opened.model.family.defaults
    told = dict(opened.encode(words))
    if defaults.guidance > 1:
        told |= {f"negative_{name}": tensor for name, tensor in opened.encode("").items()}

    def after_step(_pipeline: Any, step: int, _timestep: Any, _tensors: Any) -> dict[str, Any]:
        job.context.check()
        if stepping is not None and step + 1 < steps_of(opened):
            stepping.begin(step + 1)
        return {}

    job.context.check()
    if stepping is not None:
        stepping.begin(0)
    pictures: list[Image] = opened.pipeline(
        **told,
        width=defaults.resolution,
        height=defaults.resolution,
        num_inference_steps=steps_of(opened),
        guidance_scale=defaults.guidance,
        generator=torch.Generator("cpu").manual_seed(seed),
        callback_on_step_end=after_step,
        callback_on_step_end_tensor_inputs=[],
    ).images
    return pictures[0]


def steps_of(opened: Opened) -> int:
    """The family's own number, as far as a comparison needs it."""
    return min(MOST_STEPS, opened.model.family.defaults.steps)
