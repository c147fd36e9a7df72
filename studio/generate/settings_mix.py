"""Settings of one adapter in a mix."""

from __future__ import annotations

from studio.settings import Knob, Settings


class Mix(Settings):
    """One adapter of the mix. `name` is a file name in `loras/`, without its ending, or a path in it."""

    name: str = Knob(label="Adapter", help="The LoRA.")
    weight: float = Knob(
        1.0, ge=-2, le=2, step=0.05, label="Weight", help="How strongly it acts; 0 is not at all."
    )
    text: float | None = Knob(
        None,
        ge=-2,
        le=2,
        step=0.05,
        advanced=True,
        label="Weight on the words",
        help="How strongly it changes what the prompt means; empty is the same weight.",
    )
    on: bool = Knob(True, label="On", help="Off leaves it out, and keeps its weight for later.")
    solo: bool = Knob(False, label="Solo", help="Only those on solo are heard.")
    mute: bool = Knob(False, label="Mute", help="Silent for the moment.")
    role: str = Knob(
        "",
        choices=("", "subject", "style", "pose", "light"),
        advanced=True,
        label="Role",
        help="What it is there for; K-LoRA needs to know the subject and the style.",
    )
    blocks: str = Knob(
        "all",
        advanced=True,
        label="Blocks",
        help="Where it acts: all, composition, detail, content, style, or a list like up 0.1=1, mid=0.5.",
    )
    start: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.05,
        advanced=True,
        label="From",
        help="The part of the steps after which it acts.",
    )
    end: float = Knob(
        1.0,
        ge=0,
        le=1,
        step=0.05,
        advanced=True,
        label="Until",
        help="It acts until this part of the steps.",
    )
    soft: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.05,
        advanced=True,
        label="Soft edges",
        help="The part of the steps over which it fades in and out; 0 is at once.",
    )
    anyway: bool = Knob(
        False,
        advanced=True,
        label="Use it anyway",
        help="Take the layers that fit when others do not; the picture may be odd.",
    )
