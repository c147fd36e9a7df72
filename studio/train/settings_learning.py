"""Settings of a training: how long, how strongly, with which network and noise."""

from __future__ import annotations

from studio.networks import NETWORKS
from studio.settings import Knob, Settings
from studio.train.optimizers import OPTIMIZERS


class LearningSettings(Settings):
    """How the network learns, and what it is."""

    steps: int = Knob(
        1000, ge=1, le=100_000, group="How long", label="Steps", help="How many times the LoRA is corrected."
    )
    batch_size: int = Knob(
        1,
        ge=1,
        le=64,
        group="How long",
        label="Pictures per step",
        help="More is steadier and needs more memory.",
    )
    accumulation: int = Knob(
        1,
        ge=1,
        le=64,
        group="How long",
        advanced=True,
        label="Gradient accumulation",
        help="Batches added up before one correction: a large batch in little memory.",
    )
    learning_rate: float = Knob(
        1e-4, gt=0, le=1, group="How strongly", label="Learning rate", help="How far each correction goes."
    )
    warmup: float = Knob(
        0.05,
        ge=0,
        le=0.5,
        step=0.01,
        group="How strongly",
        advanced=True,
        label="Warm-up",
        help="The part of the steps in which the learning rate rises; then it falls along a cosine.",
    )
    optimizer: str = Knob(
        "adamw8bit",
        group="How strongly",
        advanced=True,
        label="Optimizer",
        help="8-bit Adam keeps its memory in a quarter of the space.",
        choices=OPTIMIZERS,
    )
    weight_decay: float = Knob(
        0.01,
        ge=0,
        le=1,
        group="How strongly",
        advanced=True,
        label="Weight decay",
        help="Pulls the LoRA towards zero.",
    )
    max_grad_norm: float = Knob(
        1.0,
        ge=0,
        le=100,
        group="How strongly",
        advanced=True,
        label="Gradient clipping",
        help="Limits a single correction; 0 is off.",
    )
    ema: float = Knob(
        0.0,
        ge=0,
        lt=1,
        group="How strongly",
        advanced=True,
        label="Averaging",
        help="The finished LoRA is a moving average of the steps, such as 0.99: steadier; 0 is off.",
    )
    network: str = Knob(
        "lora", group="Network", advanced=True, label="Network", help="What is trained.", choices=NETWORKS
    )
    rank: int = Knob(
        16,
        ge=1,
        le=256,
        group="Network",
        label="Rank",
        help="How much the LoRA can hold; also how large its file is. 8 to 32 suits most.",
    )
    alpha: float = Knob(
        0,
        ge=0,
        le=512,
        group="Network",
        advanced=True,
        label="Alpha",
        help="Strength the file is written for; auto (0) is the same as the rank.",
        widget="auto",
    )
    min_snr_gamma: float = Knob(
        5.0,
        ge=0,
        le=50,
        group="Noise",
        advanced=True,
        label="Min-SNR gamma",
        help="Balances easy and hard noise levels, which learns faster; 0 is off.",
    )
