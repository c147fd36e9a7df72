"""Settings of a captioning job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationInfo, field_validator

from studio.registry import Registry
from studio.settings import Knob, Settings

if TYPE_CHECKING:
    from studio.caption.captioners._base import Captioner

CAPTIONERS: Registry[Captioner] = Registry("studio.caption.captioners", "captioner")
BOTH = ("captioner", "second")

DESCRIBE = (
    "Describe this picture in one plain paragraph: the subject, what it does, the surroundings, the light, "
    "the style and the view. Say only what can be seen."
)


class CaptionSettings(Settings):
    """What to caption, with which models, and what to do with captions that are there."""

    dataset: str = Knob(label="Dataset", help="The pictures to caption.", widget="dataset")
    captioner: str = Knob(
        "pocket",
        label="Captioner",
        help="Who looks at them. The built-in one needs no download; it knows simple drawings and guesses.",
        choices=CAPTIONERS,
    )
    second: str = Knob(
        "",
        label="And then",
        help="A second one, whose words come behind those of the first: tags and a sentence, for example.",
        choices=CAPTIONERS,
        nobody="Nobody else",
        advanced=True,
    )
    model: str = Knob(
        "HuggingFaceTB/SmolVLM-Instruct",
        label="Chat model",
        help="The hub id of a model that answers questions about pictures, or the full path of its folder.",
        read_by=BOTH,
    )
    prompt: str = Knob(
        DESCRIBE,
        min_length=1,
        label="What to ask",
        help="What the model is asked of each picture. Write it as you like, or start from a ready one.",
        widget="lines",
        read_by=BOTH,
    )
    detail: str = Knob(
        "sentence",
        label="Detail",
        help="How much is said of each picture.",
        choices=("sentence", "detailed", "paragraph"),
        read_by=BOTH,
    )
    general_threshold: float = Knob(
        0.35,
        ge=0.0,
        le=1.0,
        step=0.01,
        label="How sure of a tag",
        help="A tag is written from this probability on. Lower finds more and errs more.",
        read_by=BOTH,
    )
    character_threshold: float = Knob(
        0.85,
        ge=0.0,
        le=1.0,
        step=0.01,
        label="How sure of a character",
        help="The same for the names of known characters.",
        advanced=True,
        read_by=BOTH,
    )
    leave_out: str = Knob(
        "",
        label="Never these tags",
        help="Separated by commas. Leave out what the trigger word shall stand for.",
        advanced=True,
        read_by=BOTH,
    )
    rating: bool = Knob(
        False,
        label="Rating",
        help="End with the rating: general, sensitive, questionable or explicit.",
        advanced=True,
        read_by=BOTH,
    )
    spaces: bool = Knob(
        True,
        label="Spaces in tags",
        help="Write “long hair” and not “long_hair”.",
        advanced=True,
        read_by=BOTH,
    )
    escape: bool = Knob(
        False,
        label="Escape parentheses",
        help="Write \\( and \\), for trainers that read parentheses as emphasis.",
        advanced=True,
        read_by=BOTH,
    )
    longest: int = Knob(
        256,
        ge=8,
        le=1024,
        label="Longest answer",
        help="In tokens; a word is a little more than one. An answer that is longer is cut off.",
        advanced=True,
        read_by=BOTH,
    )
    four_bits: bool = Knob(
        False,
        label="In 4 bits",
        help="Needs a third of the memory and is slightly less exact. Only on an NVIDIA card.",
        advanced=True,
        read_by=BOTH,
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
    only: tuple[str, ...] = Knob(
        (),
        label="Only these pictures",
        help="The file names of the pictures to caption; without any, all of them.",
        widget="hidden",
    )

    @field_validator("second")
    @classmethod
    def _another(cls, second: str, info: ValidationInfo) -> str:
        if second and second == info.data.get("captioner"):
            raise ValueError("must be another one than the first")
        return second
