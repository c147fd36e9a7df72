"""The choices of the short form: which preset they mean, and what quality makes of it."""

from __future__ import annotations

import pytest

from studio.presets import presets_of
from studio.settings import presets
from studio.train.settings import TrainSettings
from studio.ui.training.choice import (
    FIRST,
    QUALITIES,
    nearest,
    preset_for,
    purpose_of,
    quality_of,
    with_quality,
)  # fmt: skip
from studio.workspace import Workspace


def test_every_preset_of_ours_says_for_what_it_is() -> None:
    for preset in presets("train").values():
        assert preset.families
        assert preset.purpose in ("subject", "style")


@pytest.mark.parametrize(
    ("family", "base", "purpose", "found"),
    [
        ("pocket", "pocket", "subject", "pocket-subject"),
        ("pocket-xl", "pocket-xl", "style", "pocket-xl-style"),
        ("pocket-flux", "pocket-flux", "subject", "pocket-transformer-subject"),
        ("sdxl", "my-sdxl", "style", "sdxl-style"),
        ("", "black-forest-labs/FLUX.1-dev", "subject", "flux-subject"),
        ("", "somebody/unknown", "subject", ""),
    ],
)
def test_base_and_purpose_choose_the_preset(
    workspace: Workspace, family: str, base: str, purpose: str, found: str
) -> None:
    known = presets_of(workspace, "train")
    assert preset_for(known, family=family, base=base, purpose=purpose) == found


def test_good_is_what_the_preset_says_and_the_others_are_shorter_and_longer() -> None:
    values = presets("train")[FIRST].values
    steps = [with_quality(values, name)["steps"] for name in QUALITIES]
    assert steps == sorted(steps)
    assert with_quality(values, "good") == dict(values)
    for name in QUALITIES:
        assert quality_of(values, with_quality(values, name)) == name
        TrainSettings.layered({"dataset": "x"}, with_quality(values, name))


def test_values_of_a_training_find_their_preset_again(workspace: Workspace) -> None:
    known = presets_of(workspace, "train")
    for name, one in presets("train").items():
        word = "fox" if one.purpose == "subject" else ""
        values = TrainSettings.layered({"dataset": "x", "class_word": word}, one.values).model_dump()
        assert purpose_of(values) == one.purpose
        assert nearest(known, values, one.purpose) == name
