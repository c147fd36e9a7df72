"""Settings of a generation."""

from __future__ import annotations

from studio.generate.methods import METHODS
from studio.generate.samplers._base import Sampler
from studio.registry import Registry
from studio.settings import Knob, Settings

SAMPLERS: Registry[Sampler] = Registry("studio.generate.samplers", "sampler")


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


class GenerateSettings(Settings):
    """What to paint, with which base and adapters, and how."""

    prompt: str = Knob(
        "",
        group="Prompt",
        label="Prompt",
        help="What the picture shows; <lora:name:0.8> adds a LoRA.",
        widget="lines",
    )
    negative: str = Knob(
        "", group="Prompt", label="Negative prompt", help="What the picture should not show.", widget="lines"
    )
    base: str = Knob(
        "pocket", group="Model", label="Base model", help="The model that paints.", widget="base"
    )
    adapters: tuple[Mix, ...] = Knob(
        (), group="Model", label="Adapters", help="The LoRAs and their weights.", widget="adapters"
    )
    method: str = Knob(
        "sum",
        group="Model",
        advanced=True,
        label="Way of mixing",
        help="How several LoRAs come together; the sum is the usual one.",
        choices=METHODS,
    )
    width: int = Knob(
        0,
        ge=0,
        le=4096,
        group="Picture",
        label="Width",
        help="In pixels; auto (0) is the base model's own.",
        widget="auto",
    )
    height: int = Knob(
        0,
        ge=0,
        le=4096,
        group="Picture",
        label="Height",
        help="In pixels; auto (0) is the base model's own.",
        widget="auto",
    )
    count: int = Knob(
        1, ge=1, le=100, group="Picture", label="Pictures", help="How many, at consecutive seeds."
    )
    seed: int = Knob(
        -1,
        ge=-1,
        lt=2**31,
        group="Picture",
        label="Seed",
        help="The same seed gives the same picture; -1 is random.",
    )
    steps: int = Knob(
        0,
        ge=0,
        le=200,
        group="Sampling",
        label="Steps",
        help="Auto (0) is the base model's own number.",
        widget="auto",
    )
    guidance: float = Knob(
        0,
        ge=0,
        le=30,
        step=0.5,
        group="Sampling",
        label="Guidance",
        help="How closely the prompt is followed; auto (0) is the base model's own, 1 is none.",
        widget="auto",
    )
    sampler: str = Knob(
        "auto",
        group="Sampling",
        advanced=True,
        label="Sampler",
        help="How noise becomes a picture; “auto” is the base model's own.",
        choices=SAMPLERS,
    )
