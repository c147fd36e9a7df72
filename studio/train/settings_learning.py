"""Settings of a training: how long, how strongly, with which network and noise."""

from __future__ import annotations

from studio.networks import INITIALIZATIONS, NETWORKS
from studio.settings import Knob, Settings
from studio.train.objective.draws import BIASES
from studio.train.optimizers import OPTIMIZERS
from studio.train.schedules import SCHEDULES


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
        help="The part of the steps in which the learning rate rises, before it follows its schedule.",
    )
    warmup_steps: int = Knob(
        0,
        ge=0,
        le=100_000,
        group="How strongly",
        advanced=True,
        label="Warm-up in steps",
        help="Instead of a part: so many steps; 0 leaves it at the part.",
    )
    schedule: str = Knob(
        "cosine",
        group="How strongly",
        advanced=True,
        label="Schedule",
        help="How the learning rate changes over the steps.",
        choices=SCHEDULES,
    )
    restarts: int = Knob(
        3,
        ge=1,
        le=100,
        group="How strongly",
        advanced=True,
        label="Cycles",
        help="How many times the learning rate falls from the top to nothing.",
        read_by=("schedule",),
    )
    schedule_power: float = Knob(
        1.0,
        gt=0,
        le=10,
        group="How strongly",
        advanced=True,
        label="Power",
        help="1 is a straight line; above it the learning rate falls early, below it late.",
        read_by=("schedule",),
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
    dropout: float = Knob(
        0.0,
        ge=0,
        lt=1,
        step=0.05,
        group="Network",
        advanced=True,
        label="Dropout",
        help="The part of the network left out at random in each step, against learning by heart; 0 is off.",
    )
    blocks: str = Knob(
        "",
        max_length=200,
        group="Network",
        advanced=True,
        label="Which blocks",
        help="Only these are trained: names of the blocks of the base, with commas between. Empty: all.",
    )
    initialization: str = Knob(
        "usual",
        group="Network",
        advanced=True,
        label="Beginning of a LoRA",
        help="PiSSA and OLoRA begin at what the base does most, EVA at what your pictures need; LoRA alone.",
        choices=INITIALIZATIONS,
    )
    rank_stabilised: bool = Knob(
        False,
        group="Network",
        advanced=True,
        label="Rank-stabilised",
        help="Divides by the root of the rank, so that a high rank learns as strongly as a low one.",
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
    debiased: bool = Knob(
        False,
        group="Noise",
        advanced=True,
        label="Debiased",
        help="Weighs noise levels by the root of their clarity, in place of Min-SNR.",
    )
    huber: float = Knob(
        0.0,
        ge=0,
        le=10,
        group="Noise",
        advanced=True,
        label="Huber loss",
        help="Large errors count in proportion, not squared, so odd pictures weigh less; 0.1 is usual.",
    )
    noise_offset: float = Knob(
        0.0,
        ge=0,
        le=1,
        group="Noise",
        advanced=True,
        label="Noise offset",
        help="Teaches very dark and very bright pictures; 0.05 is usual, 0 is off.",
    )
    input_perturbation: float = Knob(
        0.0,
        ge=0,
        le=1,
        group="Noise",
        advanced=True,
        label="Input perturbation",
        help="A little more noise than is asked for, against learning by heart; 0.1 is usual, 0 is off.",
    )
    zero_terminal_snr: bool = Knob(
        False,
        group="Noise",
        advanced=True,
        label="Zero-terminal SNR",
        help="Learns from pure noise too, for deep blacks; only for bases that predict v.",
    )
    timestep_bias: str = Knob(
        "auto",
        group="Noise",
        advanced=True,
        label="Noise levels",
        help="Which are trained most: all alike, or the middle; auto is what the base is made for.",
        choices=("auto", *BIASES),
    )
    timestep_shift: float = Knob(
        1.0,
        gt=0,
        le=20,
        group="Noise",
        advanced=True,
        label="Shift of the noise levels",
        help="Above 1 trains composition more, below 1 detail; 1 is neither.",
    )
    timestep_from: float = Knob(
        0.0,
        ge=0,
        lt=1,
        step=0.05,
        group="Noise",
        advanced=True,
        label="Lowest noise level",
        help="Trains only from here on; 0 is no noise, 1 is nothing else.",
    )
    timestep_to: float = Knob(
        1.0,
        gt=0,
        le=1,
        step=0.05,
        group="Noise",
        advanced=True,
        label="Highest noise level",
        help="Trains only up to here.",
    )
