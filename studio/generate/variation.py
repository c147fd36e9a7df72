"""Variations: noise on the way from one seed's to another's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from studio.generate.plan import Plan

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@contextmanager
def varied(pipeline: Any, plans: Sequence[Plan], generators: Sequence[torch.Generator]) -> Iterator[None]:
    """While it lasts, a text-to-image pipeline begins with the noise of the plans' variations."""
    share = plans[0].settings.variation
    if not share:
        yield
        return
    import torch

    make = pipeline.prepare_latents
    others = [torch.Generator("cpu").manual_seed(plan.settings.variation_seed) for plan in plans]
    ours: Any = generators if len(generators) > 1 else generators[0]
    theirs: Any = others if len(others) > 1 else others[0]

    def between(*given: Any, **named: Any) -> Any:
        swapped = [theirs if value is ours else value for value in given]
        swapped_names = {name: theirs if value is ours else value for name, value in named.items()}
        begin, end = make(*given, **named), make(*swapped, **swapped_names)
        if isinstance(begin, tuple):
            return (slerp(begin[0], end[0], share), *begin[1:])
        return slerp(begin, end, share)

    pipeline.prepare_latents = between
    try:
        yield
    finally:
        del pipeline.prepare_latents


def slerp(begin: Tensor, end: Tensor, share: float) -> Tensor:
    """The way from one noise to another on the sphere, so that what lies between is noise as loud.

    Each picture of a batch by itself; source: Shoemake, Animating rotation with quaternion curves, 1985.
    """
    import torch

    flat, other = begin.flatten(1).double(), end.flatten(1).double()
    unit, toward = (each / each.norm(dim=1, keepdim=True) for each in (flat, other))
    angle = (unit * toward).sum(1, keepdim=True).clamp(-1, 1).acos()
    weights = torch.sin((1 - share) * angle) / torch.sin(angle), torch.sin(share * angle) / torch.sin(angle)
    between = torch.where(angle.sin().abs() > 1e-6, weights[0] * flat + weights[1] * other, flat)
    return between.reshape(begin.shape).to(begin.dtype)
