"""The plan of a training: what the settings amount to for this dataset and this base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from studio.data.dataset import Picture
from studio.train.buckets import Size, choose_bucket, is_smaller
from studio.train.settings import TrainSettings

if TYPE_CHECKING:
    from studio.families._base import Defaults, Model


@dataclass(frozen=True)
class Example:
    """A picture, the size in which it is trained, and the caption it is trained with."""

    picture: Picture
    bucket: Size
    caption: str


@dataclass(frozen=True)
class Plan:
    """What is trained on, what is painted to watch it, and how often something is written."""

    resolution: int
    examples: tuple[Example, ...]
    prompts: tuple[str, ...]
    sample_every: int
    save_every: int
    notes: tuple[str, ...]
    """What the person should know of it."""


def make_plan(settings: TrainSettings, pictures: Sequence[Picture], model: Model) -> Plan:
    """Zeros in the settings become what the family or the number of steps suggests."""
    defaults = model.family.defaults
    resolution = settings.resolution or defaults.resolution
    examples = tuple(
        Example(
            picture,
            choose_bucket(picture.size, resolution, model.side_multiple),
            caption(settings, defaults, picture.caption),
        )
        for picture in pictures
    )
    return Plan(
        resolution=resolution,
        examples=examples,
        prompts=sample_prompts(settings, defaults),
        sample_every=settings.sample_every or max(1, settings.steps // 5),
        save_every=settings.save_every or max(1, settings.steps // 10),
        notes=tuple(_notes(settings, examples)),
    )


def caption(settings: TrainSettings, defaults: Defaults, written: str) -> str:
    """What a picture is trained with: the trigger word and what it is, or its caption behind the trigger."""
    if settings.captions == "trigger" or not written:
        return instance_prompt(settings, defaults)
    if settings.trigger and settings.trigger not in written:
        return f"{settings.trigger}, {written}"
    return written


def instance_prompt(settings: TrainSettings, defaults: Defaults) -> str:
    """DreamBooth's prompt (Ruiz et al., arXiv 2208.12242): the trigger word before what it is."""
    if settings.class_word:
        subject = f"{settings.trigger} {settings.class_word}".strip()
        return defaults.subject_prompt.format(subject=subject)
    return defaults.style_prompt.format(subject=settings.trigger.removesuffix(" style"))


def sample_prompts(settings: TrainSettings, defaults: Defaults) -> tuple[str, ...]:
    """The person's own, or the trained prompt and the same without the trigger word."""
    own = tuple(line.strip() for line in settings.sample_prompts.splitlines() if line.strip())
    if own:
        return own
    without = defaults.subject_prompt.format(subject=settings.class_word or "a house")
    return instance_prompt(settings, defaults), without


def _notes(settings: TrainSettings, examples: Sequence[Example]) -> list[str]:
    notes = []
    small = [each.picture.path.name for each in examples if is_smaller(each.picture.size, each.bucket)]
    if small:
        notes.append(
            f"{_some(small)} smaller than the training size and will be enlarged; larger pictures teach more."
        )
    if settings.captions == "captions":
        bare = [each.picture.path.name for each in examples if not each.picture.caption]
        if bare:
            notes.append(f"{_some(bare)} without a caption; the trigger word alone is used there.")
    return notes


def _some(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} are"
