"""Taggers: which tags are written, and that the model sees what it was taught to see."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from studio.caption.captioners import pocket_tagger
from studio.caption.captioners._tagger import OpenedTagger, chosen, prepared, written
from studio.caption.captioners._timm import load_timm
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.errors import ModelError
from studio.workspace import Workspace
from tests.caption import tiny_models
from tests.caption.fakes import Job
from tests.data import samples

CPU = torch.device("cpu")
LABELS = [
    ("general", "9"),
    ("explicit", "9"),
    ("long_hair", "0"),
    ("^_^", "0"),
    ("fox_(animal)", "0"),
    ("snow", "0"),
    ("reynard_(fable)", "4"),
    ("isegrim", "4"),
]
SURE = [0.9, 0.1, 0.35, 0.8, 0.5, 0.34, 0.86, 0.84]


def settings(**values: Any) -> CaptionSettings:
    return CaptionSettings.parse({"dataset": "any", **values})


@pytest.mark.parametrize(
    ("values", "caption"),
    [
        ({}, "reynard (fable), ^_^, fox (animal), long hair"),
        ({"general_threshold": 0.34}, "reynard (fable), ^_^, fox (animal), long hair, snow"),
        ({"general_threshold": 1.0, "character_threshold": 0.84}, "reynard (fable), isegrim"),
        ({"rating": True, "general_threshold": 0.6}, "reynard (fable), ^_^, general"),
        ({"spaces": False}, "reynard_(fable), ^_^, fox_(animal), long_hair"),
        ({"escape": True}, r"reynard \(fable\), ^_^, fox \(animal\), long hair"),
        ({"leave_out": "Long hair, fox_(animal) ,"}, "reynard (fable), ^_^"),
        ({"general_threshold": 1.0, "character_threshold": 1.0}, ""),
    ],
)
def test_tags_are_written_as_the_person_wants_them(values: dict[str, Any], caption: str) -> None:
    assert chosen(LABELS, SURE, settings(**values)) == caption


def test_faces_keep_their_underscores() -> None:
    faces = ("0_0", "(o)_(o)", ">_<", "x_x", "|_|", "||_||", "6_9", "+_-")
    assert [written(face, settings()) for face in faces] == list(faces)
    assert written("6+girls_and_more", settings()) == "6+girls and more"


def test_a_picture_is_padded_with_white_and_given_blue_first() -> None:
    wide = Image.new("RGB", (64, 32), (255, 0, 51))
    pixels = prepared([wide], 64, [0.5] * 3, [0.5] * 3)
    assert pixels.shape == (1, 3, 64, 64)
    assert pixels[0, :, 0, 0].tolist() == [1.0, 1.0, 1.0]
    assert pixels[0, :, 32, 32].tolist() == pytest.approx([-0.6, -1.0, 1.0])


@pytest.mark.parametrize("architecture", tiny_models.TAGGERS)
def test_a_saved_tagger_says_what_its_model_is_sure_of(architecture: str, tmp_path: Path) -> None:
    tags = {"general": "9", "fox": "0", "red": "0", "reynard": "4"}
    model = tiny_models.save_tagger(tmp_path, tags, architecture=architecture)
    images = tiny_models.walls()
    captioner = OpenedTagger(tmp_path, CPU)
    assert captioner.side == tiny_models.TAGGERS[architecture].get("img_size", 32)
    with torch.inference_mode():
        sure = torch.sigmoid(model(prepared(images, captioner.side, [0.5] * 3, [0.5] * 3))).tolist()
    wanted = settings(general_threshold=0.5, character_threshold=0.5, rating=True)
    expected = [
        [tag for at, (tag, kind) in enumerate(tags.items()) if one[at] >= 0.5 and kind != "9"] + ["general"]
        for one in sure
    ]
    said = captioner.caption(images, wanted)
    assert [sorted(caption.split(", ")) for caption in said] == [sorted(one) for one in expected]


def test_weights_that_do_not_fit_the_list_of_tags_are_refused(tmp_path: Path) -> None:
    tiny_models.save_tagger(tmp_path, {"fox": "0", "red": "0"})
    (tmp_path / "selected_tags.csv").write_text("tag_id,name,category,count\n0,fox,0,1\n")
    with pytest.raises(ModelError, match="cannot be opened"):
        OpenedTagger(tmp_path, CPU)


def test_the_built_in_tagger_is_offered_where_its_weights_are(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pocket_tagger, "FOLDER", tmp_path / "tagger")
    assert "pocket-tagger" not in CAPTIONERS.names()
    tiny_models.save_tagger(tmp_path / "tagger", {"fox": "0", "red": "0"})
    assert "pocket-tagger" in CAPTIONERS.names()
    samples.picture(tmp_path / "walls" / "red.png", "red")
    job = Job(workspace, tmp_path / "walls", captioner="pocket-tagger", general_threshold=0.0)
    assert job.work() == "Captioned 1 picture."
    assert sorted(job.captions()["red.png"].split(", ")) == ["fox", "red"]


def test_timm_comes_without_torchvision_and_leaves_no_trace_of_it() -> None:
    before = {name for name in sys.modules if name.startswith("torchvision")}
    load_timm.cache_clear()
    assert load_timm().create_model("vit_tiny_patch16_224", num_classes=2)
    assert {name for name in sys.modules if name.startswith("torchvision")} == before
