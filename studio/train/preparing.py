"""Preparing: everything that is the same in every step is computed once, before the first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.errors import DatasetError, PictureError
from studio.jobs.context import Context
from studio.train.cache import Cache, mask_like
from studio.train.class_pictures import class_pictures, keeps_class
from studio.train.plan import Example, Plan, class_examples
from studio.train.settings import TrainSettings
from studio.train.store import Store

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model
    from studio.train.memory.watching import Watch


@dataclass(frozen=True)
class Shelf:
    """Examples with their latents and masks by (number, mirrored), all on the processor."""

    examples: tuple[Example, ...] = ()
    latents: Mapping[tuple[int, bool], Tensor] = field(default_factory=dict)
    masks: Mapping[tuple[int, bool], Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Material:
    """What is trained on, what is kept apart, the class, and all prompts, encoded."""

    plan: Plan
    shelf: Shelf
    kept_apart: Shelf
    of_class: Shelf
    prompts: Mapping[str, Conditioning]
    """Captions, sample prompts and "", on the processor."""


def prepare(context: Context, model: Model, plan: Plan, settings: TrainSettings, watch: Watch) -> Material:
    """Encode pictures and prompts, or find them in the cache; can be stopped after each.

    A picture that turns out to be damaged is noted and left out; raises `DatasetError` if none is left.
    """
    cache = Cache(context.workspace.cache, model)
    sides = (False, True) if settings.flip else (False,)
    with watch.phase("latents"):
        shelf = _shelve(context, cache, plan.examples, sides)
    if not shelf.examples:
        raise DatasetError("None of the pictures can be used", remedy="The notes say why.")
    with watch.phase("latents"):
        kept_apart = _shelve(context, cache, plan.kept_apart, (False,))
    of_class = Shelf()
    if keeps_class(settings):
        with watch.phase("sampling"):
            painted = class_pictures(context, model, settings, plan)
        of_class = _shelve(context, cache, class_examples(settings, model, painted), (False,))
    plan = replace(plan, examples=shelf.examples, kept_apart=kept_apart.examples)
    prompts: Store[str, Conditioning] = Store(_read)
    for prompt in dict.fromkeys(["", *plan.prompts, *_said(shelf), *_said(kept_apart), *_said(of_class)]):
        _tell(context, "Preparing prompts")
        with watch.phase("text"):
            prompts.put(prompt, cache.prompt(prompt), cache.prompt_file(prompt))
    return Material(plan, shelf, kept_apart, of_class, prompts)


def _shelve(context: Context, cache: Cache, examples: Sequence[Example], sides: Sequence[bool]) -> Shelf:
    whole: list[Example] = []
    latents: Store[tuple[int, bool], Tensor] = Store(_read_latents)
    masks: dict[tuple[int, bool], Tensor] = {}
    for number, each in enumerate(examples):
        _tell(context, f"Preparing picture {number + 1} of {len(examples)}")
        try:
            for mirrored in sides:
                asked: Any = {"mirrored": mirrored, "crop": each.crop}
                made = cache.latents(each.picture.path, each.bucket, **asked)
                kept = cache.latents_file(each.picture.path, each.bucket, **asked)
                latents.put((len(whole), mirrored), made, kept)
                if each.mask is not None:
                    masks[len(whole), mirrored] = mask_like(
                        each.mask, made, each.bucket, mirrored=mirrored, crop=each.crop
                    )
            whole.append(each)
        except PictureError as fault:
            context.artifact("note", text=f"Left out: {fault}")
    return Shelf(tuple(whole), latents, masks)


def _read(file: Path) -> Conditioning:
    from safetensors.torch import load_file

    return load_file(file)


def _read_latents(file: Path) -> Tensor:
    return _read(file)["latents"]


def _said(shelf: Shelf) -> Iterable[str]:
    return (said for each in shelf.examples for said in (each.caption, *each.captions))


def _tell(context: Context, message: str) -> None:
    context.check()
    context.progress(0, 0, message)
