"""Buckets, batches, the learning rate and the captions."""

from __future__ import annotations

from collections import Counter

import pytest
from PIL import Image

from studio.families import FAMILIES
from studio.settings import presets
from studio.train.batches import Batches
from studio.train.buckets import buckets, choose_bucket, fit
from studio.train.settings import TrainSettings
from studio.train.wording import caption, sample_prompts


@pytest.mark.parametrize(
    ("size", "bucket"),
    [
        ((1000, 1000), (512, 512)),
        ((1500, 1000), (640, 384)),
        ((1000, 1500), (384, 640)),
        ((4000, 1000), (640, 384)),
        ((10, 9), (512, 512)),
    ],
)
def test_a_picture_is_trained_in_the_shape_nearest_its_own(
    size: tuple[int, int], bucket: tuple[int, int]
) -> None:
    assert choose_bucket(size, 512, 64) == bucket


@pytest.mark.parametrize(("resolution", "multiple"), [(512, 64), (128, 32), (768, 64), (100, 32), (16, 32)])
def test_buckets_are_within_the_area_and_fit_the_model(resolution: int, multiple: int) -> None:
    for width, height in buckets(resolution, multiple):
        assert width % multiple == height % multiple == 0
        assert width * height <= max(resolution, multiple) ** 2


def test_a_picture_is_cropped_around_its_middle_and_not_distorted() -> None:
    image = Image.new("RGB", (300, 100), "white")
    image.paste("red", (90, 0, 210, 100))
    fitted = fit(image, (64, 64))
    assert fitted.size == (64, 64)
    assert fitted.getpixel((2, 32)) == fitted.getpixel((61, 32)) == (255, 0, 0)


def test_every_picture_has_its_turn_in_each_epoch() -> None:
    sizes = [(64, 64)] * 4 + [(96, 32)] * 4
    batches = Batches(sizes, 2, 1, flip=True, caption_dropout=0)
    for epoch in range(3):
        seen = Counter(draw.index for number in range(4) for draw in batches.draw(epoch * 4 + number))
        assert set(seen.values()) == {1}


def test_a_batch_is_full_and_of_one_shape() -> None:
    sizes = [(64, 64)] * 3 + [(96, 32)]
    batches = Batches(sizes, 4, 1, flip=False, caption_dropout=0)
    for number in range(6):
        drawn = batches.draw(number)
        assert len(drawn) == 4
        assert len({sizes[draw.index] for draw in drawn}) == 1
        assert not any(draw.mirrored for draw in drawn)


def test_the_order_depends_on_the_seed_and_on_nothing_else() -> None:
    sizes = [(64, 64)] * 6
    first, again, other = (Batches(sizes, 1, seed, flip=True, caption_dropout=0.5) for seed in (1, 1, 2))
    drawn = [first.draw(number) for number in range(30)]
    assert [again.draw(number) for number in reversed(range(30))][::-1] == drawn
    assert [other.draw(number) for number in range(30)] != drawn


def test_captions_are_left_out_as_often_as_asked() -> None:
    batches = Batches([(64, 64)] * 5, 1, 1, flip=True, caption_dropout=0.25)
    drawn = [batches.draw(number)[0] for number in range(2000)]
    assert 0.2 < sum(not draw.captioned for draw in drawn) / 2000 < 0.3
    assert 0.45 < sum(draw.mirrored for draw in drawn) / 2000 < 0.55


@pytest.mark.parametrize(
    ("values", "written", "trained"),
    [
        ({"class_word": "fox"}, "a red animal", "a photo of sks fox"),
        ({}, "a red animal", "a picture in sks style"),
        ({"trigger": "sks style"}, "a red animal", "a picture in sks style"),
        ({"captions": "captions"}, "a red animal", "sks, a red animal"),
        ({"captions": "captions"}, "sks as a child", "sks as a child"),
        ({"captions": "captions"}, "", "a picture in sks style"),
        ({"captions": "captions", "trigger": ""}, "a red animal", "a red animal"),
        ({"class_word": "{fox}"}, "", "a photo of sks {fox}"),
    ],
)
def test_what_a_picture_is_trained_with(values: dict[str, str], written: str, trained: str) -> None:
    settings = TrainSettings.parse({"dataset": "x", **values})
    assert caption(settings, FAMILIES.get("sd1").defaults, written) == trained


def test_one_sample_shows_the_trigger_word_and_one_goes_without() -> None:
    settings = TrainSettings.parse({"dataset": "x", "class_word": "fox"})
    assert sample_prompts(settings, FAMILIES.get("sd1").defaults) == ("a photo of sks fox", "a photo of fox")


def test_presets_are_settings() -> None:
    found = presets("train")
    assert {"pocket-subject", "pocket-style", "sd15-subject", "sd15-style"} <= found.keys()
    for preset in found.values():
        assert preset.about
        TrainSettings.layered({"dataset": "x"}, preset.values)
