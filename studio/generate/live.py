"""Live previews: the settings of a generation made small and quick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.generate.fast import Fast
from studio.generate.settings import GenerateSettings

if TYPE_CHECKING:
    from studio.families._base import Model

STEPS = 6
SHARE = 0.625  # of the sides, where a family paints larger than LARGE
LARGE = 256
SAMPLER, FLOW_SAMPLER = "dpmpp_2m", "auto"


def quick(
    settings: GenerateSettings, model: Model, fast: Fast | None, size: tuple[int, int] | None
) -> GenerateSettings:
    """The same picture in a few steps, without a second pass, smaller where the family paints large.

    `size` is that of the picture to start from. With an adapter for few steps, those that it is for.
    """
    usual = model.family.defaults.resolution
    scale = SHARE if usual > LARGE else 1.0
    multiple = model.side_multiple
    width, height = (side or usual for side in _asked(settings, size, usual))
    small = {
        name: max(multiple, round(side * scale / multiple) * multiple)
        for name, side in (("width", width), ("height", height))
    }
    quicker: dict[str, object] = {
        **small,
        "count": 1,
        "batch_size": 1,
        "upscale": 1.0,
        "method": settings.method,
    }
    if fast is not None:
        settings, _ = fast.fill(settings, flow=False)
    else:
        quicker |= {"steps": min(STEPS, settings.steps or STEPS), "sampler": SAMPLER, "schedule": "uniform"}
    return settings.model_copy(update=quicker)


def _asked(settings: GenerateSettings, size: tuple[int, int] | None, usual: int) -> tuple[int, int]:
    if size is None or settings.width or settings.height:
        return settings.width, settings.height
    scale = min(1.0, 2 * usual / max(size))
    return round(size[0] * scale), round(size[1] * scale)
