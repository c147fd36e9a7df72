"""Settings of a captioning job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.registry import Registry
from studio.settings import Knob, Settings

if TYPE_CHECKING:
    from studio.caption.captioners._base import Captioner

CAPTIONERS: Registry[Captioner] = Registry("studio.caption.captioners", "captioner")


class CaptionSettings(Settings):
    """What to caption, with which model, and what to do with captions that are there."""

    dataset: str = Knob(label="Dataset", help="The pictures to caption.", widget="dataset")
    captioner: str = Knob(
        "pocket",
        label="Captioner",
        help="Who looks at them. The built-in one needs no download; it knows simple drawings and guesses.",
        choices=CAPTIONERS,
    )
    existing: str = Knob(
        "keep",
        label="Captions that are there",
        help="Keep them, or write new ones. The old words stay in the history either way.",
        choices=("keep", "replace"),
    )
    prefix: str = Knob(
        "",
        label="Begin each caption with",
        help="Put before every new caption, for example a trigger word.",
        advanced=True,
    )
    batch_size: int = Knob(
        4,
        ge=1,
        le=64,
        label="Pictures at once",
        help="More is faster and needs more memory.",
        advanced=True,
    )
