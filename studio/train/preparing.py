"""Preparing: everything that is the same in every step is computed once, before the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.errors import DatasetError, PictureError
from studio.jobs.context import Context
from studio.train.cache import Cache
from studio.train.plan import Example, Plan

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model


@dataclass(frozen=True)
class Material:
    """What is trained on: the plan without damaged pictures, latents by (example, mirrored), prompts."""

    plan: Plan
    latents: Mapping[tuple[int, bool], Tensor]
    prompts: Mapping[str, Conditioning]
    """Captions, sample prompts and "", all on the processor."""


def prepare(context: Context, model: Model, plan: Plan, *, flip: bool) -> Material:
    """Encode pictures and prompts, or find them in the cache; can be stopped after each.

    A picture that turns out to be damaged is noted and left out; raises `DatasetError` if none is left.
    """
    cache = Cache(context.workspace.cache, model)
    whole: list[Example] = []
    latents: dict[tuple[int, bool], Tensor] = {}
    for number, example in enumerate(plan.examples):
        _tell(context, f"Preparing picture {number + 1} of {len(plan.examples)}")
        try:
            for mirrored in (False, True) if flip else (False,):
                latents[len(whole), mirrored] = cache.latents(
                    example.picture.path, example.bucket, mirrored=mirrored
                )
            whole.append(example)
        except PictureError as fault:
            context.artifact("note", text=f"Left out: {fault}")
    if not whole:
        raise DatasetError("None of the pictures can be used", remedy="The notes say why.")
    plan = replace(plan, examples=tuple(whole))
    prompts = {}
    for prompt in dict.fromkeys(["", *plan.prompts, *(example.caption for example in whole)]):
        _tell(context, "Preparing prompts")
        prompts[prompt] = cache.prompt(prompt)
    return Material(plan, latents, prompts)


def _tell(context: Context, message: str) -> None:
    context.check()
    context.progress(0, 0, message)
