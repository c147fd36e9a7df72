"""Settings of a generation: what is painted, with what, how large and how."""

from __future__ import annotations

from studio.generate.methods import METHODS
from studio.generate.samplers import SAMPLERS
from studio.generate.schedules import SCHEDULES
from studio.generate.settings_mix import Mix
from studio.models.storage import STORAGES
from studio.settings import Knob, Settings


class PromptSettings(Settings):
    """What the picture shows."""

    prompt: str = Knob(
        "",
        group="Prompt",
        label="Prompt",
        help="What the picture shows; (word:1.2) stresses, {a|b} draws lots, <lora:name:0.8> adds a LoRA.",
        widget="lines",
    )
    negative: str = Knob(
        "", group="Prompt", label="Negative prompt", help="What the picture should not show.", widget="lines"
    )
    style: str = Knob(
        "",
        group="Prompt",
        advanced=True,
        label="Style",
        help="Words that are put around the prompt; one of your styles, or several with commas between.",
        widget="style",
    )


class ModelSettings(Settings):
    """The base and the adapters that paint."""

    base: str = Knob(
        "pocket", group="Model", label="Base model", help="The model that paints.", widget="base"
    )
    storage: str = Knob(
        "plain",
        group="Model",
        advanced=True,
        label="Base stored as",
        help="Packed, the base takes a half (int8, fp8) or a quarter (nf4) of the memory.",
        choices=STORAGES,
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


class PictureSettings(Settings):
    """How large, how many, and which."""

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
    batch_size: int = Knob(
        1,
        ge=1,
        le=16,
        group="Picture",
        advanced=True,
        label="At once",
        help="How many are painted together: quicker where the card has room, and the same pictures.",
    )
    seed: int = Knob(
        -1,
        ge=-1,
        lt=2**31,
        group="Picture",
        label="Seed",
        help="The same seed gives the same picture; -1 is random.",
    )
    variation: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.05,
        group="Picture",
        advanced=True,
        label="Variation",
        help="How far the picture moves from that of its seed to that of the variation seed.",
    )
    variation_seed: int = Knob(
        -1,
        ge=-1,
        lt=2**31,
        group="Picture",
        advanced=True,
        label="Variation seed",
        help="Where a variation goes; -1 is random.",
    )


class SamplingSettings(Settings):
    """How noise becomes a picture."""

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
    rescale: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.05,
        group="Sampling",
        advanced=True,
        label="Guidance rescale",
        help="Takes back the harsh contrast of strong guidance; 0.7 is usual, 0 is off.",
    )
    sampler: str = Knob(
        "auto",
        group="Sampling",
        advanced=True,
        label="Sampler",
        help="How noise becomes a picture; “auto” is the base model's own.",
        choices=SAMPLERS,
    )
    schedule: str = Knob(
        "auto",
        group="Sampling",
        advanced=True,
        label="Schedule",
        help="How the noise is spread over the steps; “auto” is what the sampler is known for.",
        choices=SCHEDULES,
    )
    clip_skip: int = Knob(
        0,
        ge=0,
        le=12,
        group="Sampling",
        advanced=True,
        label="Clip skip",
        help="Which layer of the text encoder speaks, from the last one; auto (0) is the base model's own.",
        widget="auto",
    )
