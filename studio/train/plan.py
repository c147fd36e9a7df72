"""The plan of a training: what the settings amount to for these pictures and this base."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.data.crops import Crop, crop_of
from studio.data.dataset import Picture
from studio.data.hashes import picture_hash
from studio.data.masks import mask_of
from studio.errors import SettingsError
from studio.train.buckets import Size, choose_bucket, is_smaller, training_size
from studio.train.settings import TrainSettings
from studio.train.wording import caption, class_prompt, orders, sample_prompts

if TYPE_CHECKING:
    from studio.families._base import Model

ENOUGH_TO_KEEP_SOME_APART, MOST_KEPT_APART = 10, 8
LONGEST = 2_000  # characters; even the longest text encoders read fewer


@dataclass(frozen=True)
class Example:
    """A picture, the size in which it is trained, and the caption it is trained with.

    `captions` are the same one with its tags in several orders; `crop` and `mask` are the person's.
    """

    picture: Picture
    bucket: Size
    caption: str
    captions: tuple[str, ...] = ()
    crop: Crop | None = None
    mask: Path | None = None
    repeats: int = 1
    weight: float = 1.0
    small: bool = False
    """Whether the picture is too small for the resolution."""
    fingerprint: str = ""

    def said(self, order: int) -> str:
        """The caption with its tags in this order."""
        return self.captions[order % len(self.captions)] if self.captions else self.caption


@dataclass(frozen=True)
class Chosen:
    """A picture of one of the sources."""

    picture: Picture
    repeats: int = 1
    weight: float = 1.0


@dataclass(frozen=True)
class Plan:
    """What is trained on, what is painted to watch it, and how often something is written."""

    resolution: int
    examples: tuple[Example, ...]
    kept_apart: tuple[Example, ...]
    """Never trained; the held-out loss is measured on them."""
    prompts: tuple[str, ...]
    class_prompt: str
    sample_every: int
    save_every: int
    notes: tuple[str, ...]
    """What the person should know of it."""


def make_plan(settings: TrainSettings, chosen: Sequence[Chosen], model: Model, seed: int) -> Plan:
    """Zeros in the settings become what the family or the number of steps suggests."""
    defaults = model.family.defaults
    resolution = settings.resolution or defaults.resolution
    apart = _kept_apart(settings, chosen, seed)
    examples = tuple(
        _example(settings, model, each, side, seed)
        for each in chosen
        if each.picture.path not in apart
        for side in (resolution, *further_resolutions(settings))
    )
    return Plan(
        resolution=resolution,
        examples=examples,
        kept_apart=tuple(
            _example(settings, model, each, resolution, seed) for each in chosen if each.picture.path in apart
        ),
        prompts=sample_prompts(settings, defaults),
        class_prompt=class_prompt(settings, defaults),
        sample_every=settings.sample_every or max(1, settings.steps // 5),
        save_every=settings.save_every or max(1, settings.steps // 10),
        notes=tuple(_notes(settings, examples)),
    )


def class_examples(settings: TrainSettings, model: Model, pictures: Sequence[Picture]) -> tuple[Example, ...]:
    """Class pictures with the prompt of the class."""
    defaults = model.family.defaults
    resolution = settings.resolution or defaults.resolution
    return tuple(
        Example(
            picture,
            training_size(picture.size, resolution, model.side_multiple, enlarge=True),
            class_prompt(settings, defaults),
        )
        for picture in pictures
    )


def further_resolutions(settings: TrainSettings) -> tuple[int, ...]:
    """The resolutions beside the first; raises `SettingsError` for what is none."""
    found = []
    for word in settings.resolutions.replace(",", " ").split():
        if not (word.isdecimal() and 16 <= int(word) <= 2048):
            raise SettingsError(
                f"Also at: “{word}” is no resolution",
                remedy="Write numbers between 16 and 2048, such as 768, 640.",
                field="resolutions",
            )
        found.append(int(word))
    return tuple(dict.fromkeys(found))


def fingerprint(picture: Picture, *, masks: bool) -> str:
    """A short hash of what is trained of a picture: its bytes, its crop and, if it is used, its mask."""
    mask = mask_of(picture.path) if masks else None
    parts = [picture_hash(picture.path), str(crop_of(picture.path)), picture_hash(mask) if mask else ""]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _example(settings: TrainSettings, model: Model, chosen: Chosen, resolution: int, seed: int) -> Example:
    picture, crop = chosen.picture, crop_of(chosen.picture.path)
    size = crop.size(picture.size) if crop else picture.size
    said = caption(settings, model.family.defaults, picture.caption)
    return Example(
        picture,
        training_size(size, resolution, model.side_multiple, enlarge=settings.enlarge),
        said,
        captions=orders(said, settings.keep_tags, f"{seed}/{picture.path.name}")
        if settings.shuffle_tags
        else (),
        crop=crop,
        mask=mask_of(picture.path) if settings.masks else None,
        repeats=chosen.repeats,
        weight=chosen.weight,
        fingerprint=fingerprint(picture, masks=settings.masks),
        small=is_smaller(size, choose_bucket(size, resolution, model.side_multiple)),
    )


def _kept_apart(settings: TrainSettings, chosen: Sequence[Chosen], seed: int) -> set[Path]:
    """Which pictures are kept apart; one more picture in the dataset hardly changes the choice."""
    count = settings.held_out
    if count < 0:
        enough = len(chosen) >= ENOUGH_TO_KEEP_SOME_APART
        count = min(MOST_KEPT_APART, len(chosen) // 10) if enough else 0
    paths = [each.picture.path for each in chosen]
    paths.sort(key=lambda path: hashlib.sha256(f"{seed}/{path.name}".encode()).digest())
    return set(paths[: min(count, len(paths) // 2)])


def _notes(settings: TrainSettings, examples: Sequence[Example]) -> Iterator[str]:
    small = _names(each for each in examples if each.small)
    if small:
        done = "enlarged" if settings.enlarge else "trained at a smaller size"
        yield f"{_some(small)} smaller than the training size and {done}; larger pictures teach more."
    if settings.captions == "captions":
        bare = _names(each for each in examples if not each.picture.caption)
        if bare:
            yield f"{_some(bare)} without a caption; the trigger word alone is used there."
    long = _names(each for each in examples if len(each.caption) > LONGEST)
    if long:
        yield f"{_some(long)} described by more words than any base model reads; only the first ones count."


def _names(examples: Iterable[Example]) -> list[str]:
    return list(dict.fromkeys(each.picture.path.name for each in examples))


def _some(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is"
    return f"{', '.join(names[:3])}{' and others' if len(names) > 3 else ''} are"
