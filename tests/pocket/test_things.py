"""What the miniature may and may not have seen."""

from __future__ import annotations

import pytest

from studio.pocket.things import COLOURS, all_things, drawable, held_out, trained_things, unnamed_things


def test_held_out_things_are_never_trained_on() -> None:
    assert not set(held_out()) & set(trained_things())
    assert len(held_out("open")) == 30
    assert len(held_out("last")) == 10


def test_everything_is_either_trained_or_held_out() -> None:
    assert len(trained_things()) >= 400
    assert set(trained_things()) | set(held_out()) == set(all_things())


def test_of_unnamed_things_only_the_kind_is_said_and_no_held_out_thing_is_among_them() -> None:
    held = {word for thing in held_out() for word in thing.icon.split("-")}
    assert not [thing.icon for thing in unnamed_things() if set(thing.icon.split("-")) & held]
    assert "a kind of animal" in {thing.phrase for thing in unnamed_things()}
    icons = [thing.icon for thing in drawable()]
    assert len(set(icons)) == len(icons)


def test_no_two_things_share_a_name() -> None:
    names = [thing.name for thing in all_things()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("icon", "phrase"),
    [("ant", "an ant"), ("cat-face", "a cat"), ("cherries", "cherries"), ("unicorn", "a unicorn")],
)
def test_things_are_said_as_people_say_them(icon: str, phrase: str) -> None:
    found = {thing.icon: thing for thing in all_things()}
    assert found[icon].phrase == phrase


def test_colours_are_far_enough_apart_to_be_told_apart() -> None:
    values = list(COLOURS.values())
    for number, one in enumerate(values):
        for other in values[number + 1 :]:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) > 60
