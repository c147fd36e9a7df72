"""The tagger's tags are those of a scene, in the files that taggers have."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from studio.caption.captioners._timm import load_timm
from studio.pocket import captioner
from studio.pocket.scenes import plain
from studio.pocket.tagger import config, weights
from studio.pocket.tags import Head, tags, tags_of
from studio.pocket.things import all_things, held_out

THINGS = {thing.icon: thing for thing in all_things()}
OWL = plain(THINGS["owl"], "flat", "red")


def test_the_tags_of_a_scene() -> None:
    assert tags_of(OWL) == {"general", "owl", "animal", "flat_style", "red_background"}
    aside = replace(OWL, place="on the left", pattern="dotted", size="small")
    assert tags_of(aside) - tags_of(OWL) == {"on_the_left", "dotted", "small"}
    assert {"pair", "key"} < tags_of(replace(OWL, things=(THINGS["owl"], THINGS["key"])))


def test_what_has_no_name_is_tagged_by_its_kind() -> None:
    assert tags_of(replace(OWL, things=(THINGS["owl"].unnamed,))) == tags_of(OWL) - {"owl"}


def test_every_tag_has_one_place_and_no_held_out_thing_has_any() -> None:
    assert len(set(tags())) == len(tags()) == config()["num_classes"]
    assert tags()[0] == "general"
    assert not {thing.name.replace(" ", "_") for thing in held_out()} & set(tags())


def test_timm_sees_what_the_captioner_sees() -> None:
    torch.manual_seed(0)
    model, head = captioner.build().eval(), Head(captioner.WIDTH)
    state = nn.ModuleDict({"model": model, "head": head}).state_dict()
    known = config()
    same = load_timm().create_model(
        known["architecture"], num_classes=known["num_classes"], **known["model_args"]
    )
    same.load_state_dict({key: value.float() for key, value in weights(state).items()})
    pictures = torch.rand(2, 3, 128, 128) * 2 - 1
    with torch.no_grad():
        seen = head(model.vision_model(pictures).last_hidden_state[:, 0])
        torch.testing.assert_close(same.eval()(pictures.flip(1)), seen, atol=2e-2, rtol=0)


def test_the_head_learns_which_tags_hold() -> None:
    torch.manual_seed(0)
    head = Head(16)
    scenes = [OWL, plain(THINGS["key"], "bold", "blue")]
    state, adam = torch.randn(2, 16), torch.optim.Adam(head.parameters(), 0.1)
    for _ in range(60):
        adam.zero_grad()
        head.missed(state, scenes).backward()
        adam.step()
    likely = head(state).sigmoid() > 0.5
    for row, scene in enumerate(scenes):
        assert {tag for tag, holds in zip(tags(), likely[row], strict=True) if holds} == tags_of(scene)
