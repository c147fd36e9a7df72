"""The tagger's tags are those of a scene, in the files that taggers have."""

from __future__ import annotations

from dataclasses import replace

from studio.pocket.scenes import plain
from studio.pocket.tagger import config, tags, tags_of
from studio.pocket.things import all_things, held_out

THINGS = {thing.icon: thing for thing in all_things()}
OWL = plain(THINGS["owl"], "flat", "red")


def test_the_tags_of_a_scene() -> None:
    assert tags_of(OWL) == {"general", "owl", "animal", "flat_style", "red_background"}
    aside = replace(OWL, place="on the left", pattern="dotted", size="small")
    assert tags_of(aside) - tags_of(OWL) == {"on_the_left", "dotted", "small"}
    assert {"pair", "key"} < tags_of(replace(OWL, things=(THINGS["owl"], THINGS["key"])))


def test_every_tag_has_one_place_and_no_held_out_thing_has_any() -> None:
    assert len(set(tags())) == len(tags()) == config()["num_classes"]
    assert tags()[0] == "general"
    assert not {thing.name.replace(" ", "_") for thing in held_out()} & set(tags())
