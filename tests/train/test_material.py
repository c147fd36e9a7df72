"""What is trained on: class pictures, crops, masks, folders, tags, and pictures kept apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import torch
from PIL import Image

from studio.data.cropping import set_crop
from studio.data.crops import Crop
from studio.data.masks import write_mask
from studio.errors import SettingsError
from studio.jobs.context import Context
from studio.train import class_pictures
from studio.train.batches import Batches
from studio.train.buckets import training_size
from studio.train.class_pictures import keeps_class
from studio.train.engine import _begin
from studio.train.settings import TrainSettings
from studio.train.sources import sources
from studio.train.training import Training
from studio.train.wording import orders, sample_prompts, says, subject
from tests.train.studio_in_small import Small, draw_picture, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def begin(small: Small, **values: object) -> Training:
    run = small.run(**values)
    return _begin(Context(small.workspace, run, small.events.append), small.settings(**values))


def asked(**values: object) -> TrainSettings:
    return TrainSettings.parse({"dataset": "x", **values})


@pytest.mark.parametrize(
    ("class_word", "choice", "kept"),
    [
        ("young woman", "auto", True),
        ("Dog", "auto", True),
        ("teapot", "auto", False),
        ("", "auto", False),
        ("teapot", "on", True),
        ("dog", "off", False),
        ("teapot", "named", True),
        ("", "named", False),
    ],
)
def test_the_class_of_people_and_pets_is_kept(class_word: str, choice: str, kept: bool) -> None:
    assert keeps_class(asked(class_word=class_word, keep_class=choice)) is kept


def test_a_class_that_nobody_named_cannot_be_kept() -> None:
    with pytest.raises(SettingsError) as fault:
        keeps_class(asked(keep_class="on"))
    assert fault.value.field == "class_word"


def test_class_pictures_are_painted_once_and_used_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    paint = class_pictures.paint

    def counted(model, told, negative, seeds, *, side):  # type: ignore[no-untyped-def]
        painted.extend(seeds)
        return paint(model, told, negative, seeds, side=side, steps=1)

    monkeypatch.setattr(class_pictures, "paint", counted)
    first = begin(small, keep_class="on", class_count=2)
    assert [each.caption for each in first.loop.material.of_class.examples] == ["a picture of dot"] * 2
    more = begin(small, keep_class="on", class_count=3, steps=9)
    assert painted == [0, 1, 2]
    figures = more.loop.step()
    assert figures["class_loss"] > 0
    assert begin(small).loop.material.of_class.examples == ()


def test_class_pictures_of_ones_own_are_taken_instead(small: Small) -> None:
    own = small.workspace.datasets / "others"
    own.mkdir()
    draw_picture(own / "other.png", "black")
    training = begin(small, keep_class="on", class_folder="others", class_weight=0.5)
    assert [each.picture.path.name for each in training.loop.material.of_class.examples] == ["other.png"]
    assert [feed.weight for feed in training.loop.feeds] == [1.0, 0.5]


@pytest.mark.parametrize(
    ("size", "enlarge", "bucket"),
    [
        ((1000, 1000), False, (512, 512)),
        ((420, 400), False, (384, 384)),
        ((420, 400), True, (512, 512)),
        ((100, 100), False, (256, 256)),
    ],
)
def test_a_small_picture_is_not_enlarged_unless_asked(
    size: tuple[int, int], enlarge: bool, bucket: tuple[int, int]
) -> None:
    assert training_size(size, 512, 64, enlarge=enlarge) == bucket


def test_crop_and_mask_of_the_person_are_respected(small: Small) -> None:
    picture = small.workspace.datasets / "dots" / "0.png"
    draw_picture(picture, "red", (256, 128))
    set_crop(picture, Crop(0, 0, 0.5, 1))
    left_half = Image.new("L", (256, 128), "black")
    left_half.paste("white", (0, 0, 64, 128))
    write_mask(picture, left_half)
    training = begin(small, flip=True)
    material = training.loop.material
    number = next(n for n, each in enumerate(material.shelf.examples) if each.picture.path == picture)
    assert material.shelf.examples[number].bucket == (64, 64)
    mask = material.shelf.masks[number, False]
    assert mask.shape == (1, 8, 8)
    assert mask[0, :, :4].min() > 0.98 and mask[0, :, 4:].max() < 0.02
    assert torch.equal(material.shelf.masks[number, True], mask.flip(-1))
    assert begin(small, masks=False, steps=5).loop.material.shelf.masks == {}


def test_folders_named_as_kohyas_come_as_often_as_their_names_say(small: Small) -> None:
    whole = small.workspace.datasets / "whole"
    for name, count in (("3_sks dot", 1), ("1_dot", 2), ("notes", 0)):
        (whole / name).mkdir(parents=True)
        for number in range(count):
            draw_picture(whole / name / f"{number}.png", "red")
    settings = small.settings(dataset="whole", more_datasets="dots x2 0.5")
    found = [
        (each.folder.name, each.repeats_of(each.folder / "0.png"), each.weight)
        for each in sources(settings, small.workspace)
    ]
    assert found == [("1_dot", 1, 1.0), ("3_sks dot", 3, 1.0), ("dots", 2, 0.5)]


def test_repeated_pictures_come_more_often() -> None:
    batches = Batches([(64, 64)] * 2, 1, 1, flip=False, caption_dropout=0, repeats=[3, 1])
    assert Counter(batches.draw(number)[0].index for number in range(8)) == {0: 6, 1: 2}


def test_pictures_that_count_less_weigh_less(small: Small) -> None:
    others = small.workspace.datasets / "others"
    others.mkdir()
    draw_picture(others / "other.png", "black")
    feed = begin(small, more_datasets="others 0.25", batch_size=5).loop.feeds[0]
    weights = feed.batch(0).weights
    assert weights is not None
    assert sorted(weights.tolist()) == [0.25, 1, 1, 1, 1]


def test_tags_are_shuffled_behind_those_that_are_kept() -> None:
    found = orders("sks, red, round, small", 1, "seed")
    assert len(found) == 6
    assert {order.split(", ")[0] for order in found} == {"sks"}
    assert {tuple(sorted(order.split(", "))) for order in found} == {("red", "round", "sks", "small")}
    assert orders("a picture of sks dot", 1, "seed") == ("a picture of sks dot",)


@pytest.mark.parametrize(
    ("trigger", "class_word", "said"),
    [
        ("sks", "fox", "sks fox"),
        ("sks fox", "fox", "sks fox"),
        ("", "fox", "fox"),
        ("fox", "fox", "fox"),
        ("firefox", "fox", "firefox fox"),
    ],
)
def test_a_trigger_that_names_the_class_does_not_name_it_twice(
    trigger: str, class_word: str, said: str
) -> None:
    assert subject(asked(trigger=trigger, class_word=class_word)) == said


@pytest.mark.parametrize("class_word", ["", "style", "Style"])
def test_a_style_is_not_called_style_style(small: Small, class_word: str) -> None:
    training = begin(small, trigger="zwx style", class_word=class_word)
    assert training.plan.prompts == ("a picture in zwx style", "a picture of a house")


def test_prompts_of_ones_own_get_one_without_the_trigger_word() -> None:
    from studio.families import FAMILIES

    defaults = FAMILIES.get("pocket").defaults
    settings = asked(class_word="fox", sample_prompts="sks fox, on the moon\na photo of SKS")
    assert sample_prompts(settings, defaults)[-1] == "fox, on the moon"
    assert says("a picture of sks.", "sks") and not says("she asks", "sks")


def test_pictures_kept_apart_are_never_trained(tmp_path: Path) -> None:
    small = make_small(tmp_path, pictures=20)
    training = begin(small)
    apart = {each.picture.path.name for each in training.plan.kept_apart}
    trained = {each.picture.path.name for each in training.plan.examples}
    assert len(apart) == 2 and len(trained) == 18 and not apart & trained
    assert training.measure == "held_out"
    assert len(begin(small, held_out=50, steps=5).plan.kept_apart) == 10


def test_pictures_are_trained_at_every_resolution_named(small: Small) -> None:
    training = begin(small, resolutions="48", batch_size=2)
    assert Counter(each.bucket for each in training.plan.examples) == {(64, 64): 4, (48, 48): 4}
    training.loop.step()
