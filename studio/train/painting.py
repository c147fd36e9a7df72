"""Painting: pictures by a model as it is, from encoded prompts at fixed seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    from studio.families._base import Conditioning, Model


def paint(
    model: Model,
    told: Conditioning,
    negative: Conditioning,
    seeds: Sequence[int],
    *,
    side: int,
    steps: int = 0,
) -> list[Image.Image]:
    """One picture of the same prompt for each seed, as the family paints; `steps` 0 is its own number.

    `told` and `negative` have a first dimension of 1.
    """
    import torch

    defaults = model.family.defaults
    rows = {name: row.expand(len(seeds), *row.shape[1:]) for name, row in told.items()}
    rows |= {f"negative_{name}": row.expand(len(seeds), *row.shape[1:]) for name, row in negative.items()}
    with torch.no_grad():
        painted = model.pipeline()(
            **{name: row.to(model.device, model.dtype) for name, row in rows.items()},
            width=side,
            height=side,
            num_inference_steps=steps or defaults.steps,
            guidance_scale=defaults.guidance,
            generator=[torch.Generator().manual_seed(seed) for seed in seeds],
        )
    pictures: list[Image.Image] = painted.images
    return pictures
