"""What is in force though its fold is closed, so that nobody wonders where a sheet comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.errors import SettingsError
from studio.generate.settings import GenerateSettings
from studio.ui.generating.sheets import in_words

RESET = {
    "size": ("width", "height"),
    "image": ("image", "mask", "outpaint"),
    "upscale": ("upscale",),
    "variation": ("variation",),
    "sheet": ("sheet",),
    "style": ("style",),
    "count": ("count",),
}
READ = tuple(name for names in RESET.values() for name in names)


def standing(values: Mapping[str, Any]) -> list[dict[str, str]]:
    """A line for each thing that changes what comes out, by the field that takes it back."""
    settings = _parsed(values)
    told = {
        "size": _size(settings),
        "image": _start(settings),
        "upscale": f"Upscaled {settings.upscale:g} times" if settings.upscale > 1 else "",
        "variation": f"Variation {settings.variation:g}" if settings.variation else "",
        "sheet": f"Sheet of {in_words(settings.sheet)}" if settings.sheet else "",
        "style": f"Style {settings.style}" if settings.style else "",
        "count": f"{settings.count} pictures" if settings.count > 1 else "",
    }
    return [{"field": field, "text": text} for field, text in told.items() if text]


def untouched(field: str) -> dict[str, Any]:
    """The values that take back what `field` stands for."""
    defaults = GenerateSettings().model_dump(mode="json")
    return {name: defaults[name] for name in RESET.get(field, ())}


def _parsed(values: Mapping[str, Any]) -> GenerateSettings:
    """Those of the values that are possible; half-typed ones are as if they were not there."""
    usable: dict[str, Any] = {}
    for name in READ:
        if values.get(name) is None:
            continue
        try:
            GenerateSettings.parse({name: values[name]})
        except SettingsError:
            continue
        usable[name] = values[name]
    return GenerateSettings.parse(usable)


def _size(settings: GenerateSettings) -> str:
    if not settings.width and not settings.height:
        return ""
    wide, high = (f"{side}" if side else "auto" for side in (settings.width, settings.height))
    return f"{wide} × {high}"


def _start(settings: GenerateSettings) -> str:
    if not settings.image:
        return ""
    if any(settings.outpaint):
        return "Outpaints a picture"
    return "Inpaints a picture" if settings.mask else "Starts from a picture"
