"""Settings of a training: its pictures, captions and class pictures."""

from __future__ import annotations

from studio.settings import Knob, Settings


class MaterialSettings(Settings):
    """What is trained on, and how it is presented."""

    resolution: int = Knob(
        0,
        ge=0,
        le=2048,
        group="Pictures",
        label="Resolution",
        help="Side of the training pictures in pixels; auto (0) is the base model's own.",
        widget="auto",
    )
    flip: bool = Knob(
        True,
        group="Pictures",
        label="Mirror at random",
        help="Doubles the pictures; off for faces, text and logos.",
    )
    resolutions: str = Knob(
        "",
        max_length=80,
        group="Pictures",
        advanced=True,
        label="Also at",
        help="More resolutions at which every picture is trained, such as 768, 640.",
    )
    enlarge: bool = Knob(
        False,
        group="Pictures",
        advanced=True,
        label="Enlarge small pictures",
        help="Off: a small picture is trained at its own size.",
    )
    masks: bool = Knob(
        True,
        group="Pictures",
        advanced=True,
        label="Use masks",
        help="Where a picture has a mask, only its white part is learned.",
    )
    more_datasets: str = Knob(
        "",
        max_length=4000,
        group="Pictures",
        advanced=True,
        label="More datasets",
        help="One a line, with how often its pictures come and how much they count: portraits x3 0.5.",
        widget="lines",
    )
    caption_dropout: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.01,
        group="Captions",
        advanced=True,
        label="Caption dropout",
        help="The part of the steps without a caption; helps a style.",
    )
    shuffle_tags: bool = Knob(
        False,
        group="Captions",
        advanced=True,
        label="Shuffle tags",
        help="Puts the parts of a caption between commas into another order each time.",
    )
    keep_tags: int = Knob(
        1,
        ge=0,
        le=20,
        group="Captions",
        advanced=True,
        label="Tags kept in front",
        help="So many tags at the beginning stay where they are.",
    )
    text_learning_rate: float = Knob(
        0.0,
        ge=0,
        le=1,
        group="Text encoder",
        advanced=True,
        label="Learning rate of the text encoder",
        help="0: it stays as it is and leaves the card. Half the LoRA's own is usual where it learns too.",
    )
    text_part: float = Knob(
        1.0,
        ge=0,
        le=1,
        step=0.05,
        group="Text encoder",
        advanced=True,
        label="Text encoder learns for",
        help="The part of the steps; after it the text encoder stays as it is by then.",
    )
    keep_class: str = Knob(
        "auto",
        group="Class pictures",
        advanced=True,
        label="Keep the class",
        help="Learns from others of its kind too, so that they stay as they are. Auto: for people and pets. "
        "Named: whenever “What it is” is filled in.",
        choices=("auto", "named", "on", "off"),
    )
    class_count: int = Knob(
        100,
        ge=1,
        le=10_000,
        group="Class pictures",
        advanced=True,
        label="Class pictures",
        help="How many the base paints; kept and used again. For none, switch “Keep the class” off.",
    )
    class_weight: float = Knob(
        1.0,
        ge=0,
        le=10,
        step=0.1,
        group="Class pictures",
        advanced=True,
        label="Weight of the class",
        help="How much they count beside the pictures of the subject.",
    )
    class_folder: str = Knob(
        "",
        max_length=1000,
        group="Class pictures",
        advanced=True,
        label="Own class pictures",
        help="A dataset or folder with pictures of the class; empty: the base model paints them.",
    )
