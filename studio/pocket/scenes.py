"""Scenes composed from the icons, each with captions that say exactly what is there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from studio.pocket.icons import icon
from studio.pocket.things import COLOURS, STYLES, Thing

PIXELS = 128
LARGE, SMALL, PAIR = 104, 52, 60
PAIR_CENTRES = ((33, 64), (95, 64))
PATTERNS = ("dotted", "striped")


@dataclass(frozen=True)
class Scene:
    """What is drawn: lengths in pixels of a 128-pixel picture, `centres` one per thing."""

    things: tuple[Thing, ...]
    style: str
    background: str
    side: int = LARGE
    centres: tuple[tuple[int, int], ...] = ((64, 64),)
    size: str = ""
    place: str = ""
    pattern: str = ""


def plain(thing: Thing, style: str, background: str) -> Scene:
    """One thing, large, in the middle of a plain background."""
    return Scene((thing,), style, background)


def draw_scene(rng: random.Random, things: Sequence[Thing], first: Thing | None = None) -> Scene:
    """A scene by chance: mostly one large centred thing, sometimes small, aside, or two things."""
    thing = first or rng.choice(things)
    style, background = rng.choice(list(STYLES.values())), rng.choice(list(COLOURS))
    pattern = rng.choice(PATTERNS) if rng.random() < 0.06 else ""
    kind = rng.random()
    if kind < 0.66:
        return Scene((thing,), style, background, pattern=pattern)
    if kind < 0.78:
        shift = (64 + rng.randint(-6, 6), 64 + rng.randint(-6, 6))
        return Scene((thing,), style, background, rng.randint(88, 112), (shift,), pattern=pattern)
    if kind < 0.84:
        return Scene((thing,), style, background, SMALL, ((64, 64),), "small", "", pattern)
    if kind < 0.90:
        place, across = rng.choice((("on the left", 34), ("on the right", 94)))
        return Scene((thing,), style, background, PAIR, ((across, 64),), "", place, pattern)
    other = rng.choice([each for each in things if each != thing])
    return Scene((thing, other), style, background, PAIR, PAIR_CENTRES, pattern=pattern)


def picture(scene: Scene, pixels: int = PIXELS) -> Image.Image:
    """The scene as an RGB picture."""
    scale = pixels / PIXELS
    canvas = background(scene.background, scene.pattern, pixels)
    for thing, (across, down) in zip(scene.things, scene.centres, strict=True):
        drawn = icon(scene.style, thing.icon, round(scene.side * scale))
        corner = (round(across * scale) - drawn.width // 2, round(down * scale) - drawn.height // 2)
        canvas.paste(drawn, corner, drawn)
    return canvas


def background(name: str, pattern: str = "", pixels: int = PIXELS) -> Image.Image:
    """A background of this colour, plain or with a faint pattern of it."""
    colour = COLOURS[name]
    canvas = Image.new("RGB", (pixels, pixels), colour)
    target = (0, 0, 0) if name == "white" else (255, 255, 255)
    faint = tuple(round(0.72 * own + 0.28 * other) for own, other in zip(colour, target, strict=True))
    brush, step = ImageDraw.Draw(canvas), pixels // 8
    if pattern == "striped":
        for left in range(0, pixels, 2 * step):
            brush.rectangle((left, 0, left + step - 1, pixels), fill=faint)
    if pattern == "dotted":
        for left in range(0, pixels, 2 * step):
            for top in range(0, pixels, 2 * step):
                brush.ellipse(
                    (left + step // 2, top + step // 2, left + step * 3 // 2, top + step * 3 // 2), fill=faint
                )
    return canvas


def caption(scene: Scene, rng: random.Random | None = None) -> str:
    """What the scene shows, in words; `rng` chooses the wording and sometimes leaves a piece out."""
    what, style, ground = _pieces(scene)
    if rng is None:
        return _commas(what, style, ground)
    style = style if rng.random() > 0.06 else ""
    ground = ground if rng.random() > 0.06 else ""
    return rng.choice(WORDINGS)(what, style, ground)


def sentence(scene: Scene) -> str:
    """What the scene shows, as a captioner would say it."""
    return _sentence(*_pieces(scene))


def _pieces(scene: Scene) -> tuple[str, str, str]:
    what = " and ".join(_sized(thing, scene.size) for thing in scene.things)
    what += f" {scene.place}" if scene.place else ""
    return what, scene.style, f"{scene.background} {scene.pattern}".strip()


def _a(words: str) -> str:
    return f"{'an' if words[0] in 'aeio' else 'a'} {words}"


def _sized(thing: Thing, size: str) -> str:
    return f"{thing.article and 'a'} {size} {thing.name}".strip() if size else thing.phrase


def _commas(what: str, style: str, ground: str) -> str:
    return what + (f", {style} style" if style else "") + (f", on {_a(ground)} background" if ground else "")


def _sentence(what: str, style: str, ground: str) -> str:
    return what + (f" in {style} style" if style else "") + (f" on {_a(ground)} background" if ground else "")


def _picture_of(what: str, style: str, ground: str) -> str:
    return f"{_a(f'{style} picture'.strip())} of {what}" + (f" on {_a(ground)} background" if ground else "")


def _short(what: str, style: str, ground: str) -> str:
    return ", ".join(part for part in (what, style, f"{ground} background" if ground else "") if part)


WORDINGS = (_commas, _sentence, _picture_of, _short)
