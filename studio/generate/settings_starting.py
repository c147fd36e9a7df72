"""Settings of a generation that starts from a picture, and of what is done with the pictures afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator

from studio.generate.settings_sheet import Axis, read_axes
from studio.settings import Knob, Settings

FORMATS = ("png", "webp", "jpeg")


def _sides(given: Any) -> Any:
    """`0,0,64,0`, one number for all sides, or four numbers; nothing is none."""
    if not isinstance(given, str | Sequence):
        return given
    text = given if isinstance(given, str) else ",".join(map(str, given))
    parts = [part.strip() for part in text.strip("()[] ").split(",") if part.strip()] or ["0"]
    return tuple(parts * 4 if len(parts) == 1 else parts)


Sides = Annotated[tuple[int, int, int, int], BeforeValidator(_sides)]
Axes = Annotated[tuple[Axis, ...], BeforeValidator(read_axes)]


class StartingSettings(Settings):
    """The picture to start from."""

    image: str = Knob(
        "",
        group="Start from a picture",
        advanced=True,
        label="Picture to start from",
        help="It is painted over, as far as the strength allows.",
        widget="image",
    )
    strength: float = Knob(
        0.6,
        ge=0,
        le=1,
        step=0.05,
        group="Start from a picture",
        advanced=True,
        label="Strength",
        help="How much of the picture is painted anew: 0 nothing, 1 everything.",
    )
    mask: str = Knob(
        "",
        group="Start from a picture",
        advanced=True,
        label="Mask",
        help="Only what is white in it is painted anew.",
        widget="mask",
    )
    outpaint: Sides = Knob(
        (0, 0, 0, 0),
        group="Start from a picture",
        advanced=True,
        label="Outpaint",
        help="Pixels to add: left, top, right, bottom.",
        widget="sides",
    )


class FinishingSettings(Settings):
    """What is done with the pictures afterwards."""

    upscale: float = Knob(
        1.0,
        ge=1,
        le=4,
        step=0.25,
        group="Finish",
        advanced=True,
        label="Upscale",
        help="How many times larger the picture becomes in a second pass; 1 is off.",
    )
    upscaler: str = Knob(
        "lanczos",
        group="Finish",
        advanced=True,
        label="Upscaler",
        help="What enlarges: lanczos, or the name of a model in models/upscalers.",
        widget="upscaler",
    )
    upscale_strength: float = Knob(
        0.35,
        ge=0,
        le=1,
        step=0.05,
        group="Finish",
        advanced=True,
        label="Strength of the second pass",
        help="How much is painted anew after enlarging; 0 only enlarges.",
    )
    format: str = Knob(
        "png",
        group="Finish",
        advanced=True,
        label="File format",
        help="All of them carry the recipe; PNG loses nothing.",
        choices=FORMATS,
    )
    sheet: Axes = Knob(
        (),
        group="Finish",
        advanced=True,
        label="Sheet",
        help="Up to three settings, and the values of each to compare.",
        widget="sheet",
    )
