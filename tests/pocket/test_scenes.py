"""A caption says exactly what its scene shows."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from studio.pocket import scenes
from studio.pocket.scenes import PATTERNS, Scene, caption, draw_scene, plain, sentence
from studio.pocket.things import COLOURS, STYLES, all_things, trained_things

THINGS = {thing.icon: thing for thing in all_things()}
OWL = plain(THINGS["owl"], "flat", "red")


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (OWL, "an owl, flat style, on a red background"),
        (replace(OWL, background="orange"), "an owl, flat style, on an orange background"),
        (replace(OWL, size="small"), "a small owl, flat style, on a red background"),
        (replace(OWL, place="on the left"), "an owl on the left, flat style, on a red background"),
        (replace(OWL, pattern="dotted"), "an owl, flat style, on a red dotted background"),
        (
            replace(OWL, things=(THINGS["owl"], THINGS["cherries"])),
            "an owl and cherries, flat style, on a red background",
        ),
    ],
)
def test_a_caption_says_what_is_there(scene: Scene, words: str) -> None:
    assert caption(scene) == words


def test_the_captioners_sentence() -> None:
    assert sentence(OWL) == "an owl in flat style on a red background"


def test_no_wording_says_anything_that_is_not_there() -> None:
    rng = random.Random(0)
    for _ in range(300):
        scene = draw_scene(rng, trained_things())
        words = caption(scene, rng)
        assert all(thing.name in words for thing in scene.things)
        rest = " ".join(words.replace(thing.name, "").replace(",", "") for thing in scene.things).split()
        names = " ".join(thing.name for thing in scene.things)
        for other in ({*STYLES.values()} - {scene.style}) | ({*COLOURS} - {scene.background}):
            assert other not in rest or other in names
        assert scene.pattern in words or "background" not in words or not scene.pattern
        assert not ({*PATTERNS} - {scene.pattern}) & set(rest)


def test_the_same_seed_draws_the_same_scene() -> None:
    assert draw_scene(random.Random(3), trained_things()) == draw_scene(random.Random(3), trained_things())


def test_the_background_has_the_colour_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    monkeypatch.setattr(scenes, "icon", lambda style, name, side: Image.new("RGBA", (side, side)))
    for name, colour in COLOURS.items():
        drawn = np.asarray(scenes.picture(plain(THINGS["owl"], "flat", name)))
        assert drawn.shape == (128, 128, 3)
        assert tuple(drawn[2, 2]) == colour
