"""The sample pictures a new person starts with: one thing never seen, and one style never seen."""

from __future__ import annotations

from pathlib import Path

from studio.pocket.scenes import Scene, picture
from studio.pocket.stage import DEMO
from studio.pocket.things import HELD_OUT_STYLE, Thing, all_things

PIXELS = 256
SUBJECT = "fox"
SUBJECT_SCENES = (
    ("flat", "green", 104, (64, 64)),
    ("glossy", "blue", 104, (64, 64)),
    ("bold", "white", 104, (64, 64)),
    ("flat", "purple", 92, (62, 68)),
    ("glossy", "pink", 112, (64, 64)),
    ("bold", "teal", 96, (66, 62)),
    ("glossy", "yellow", 88, (60, 66)),
    ("flat", "gray", 112, (64, 64)),
)
STYLE_SCENES = (
    ("panda", "white"),
    ("pizza", "yellow"),
    ("butterfly", "pink"),
    ("bicycle", "teal"),
    ("owl", "orange"),
    ("umbrella", "blue"),
    ("mushroom", "green"),
    ("elephant", "gray"),
    ("turtle", "purple"),
    ("anchor", "red"),
)


def thing_named(icon: str) -> Thing:
    """The thing of an icon's name; raises StopIteration if the list has none."""
    return next(thing for thing in all_things() if thing.icon == icon)


def draw() -> None:
    """Write `assets/demo/subject` and `assets/demo/style`."""
    subject = thing_named(SUBJECT)
    for number, (style, background, side, centre) in enumerate(SUBJECT_SCENES, 1):
        _write(
            Scene((subject,), style, background, side, (centre,)),
            DEMO / "subject" / f"{SUBJECT}-{number}.png",
        )
    style = next(iter(HELD_OUT_STYLE.values()))
    for icon, background in STYLE_SCENES:
        _write(Scene((thing_named(icon),), style, background), DEMO / "style" / f"{icon}.png")


def _write(scene: Scene, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture(scene, PIXELS).save(path, optimize=True)
