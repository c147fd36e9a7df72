"""Settings of a training job."""

from __future__ import annotations

from studio.networks import NETWORKS
from studio.settings import Knob, Settings
from studio.train.optimizers import OPTIMIZERS


class TrainSettings(Settings):
    """What is learned, from which pictures, on which base, and how."""

    name: str = Knob(
        "", max_length=80, group="What to learn", label="Name of the LoRA", help="Empty: the dataset's name."
    )
    dataset: str = Knob(
        group="What to learn",
        label="Dataset",
        help="Five to twenty pictures of one subject, or of one style.",
        widget="dataset",
    )
    base: str = Knob(
        "pocket",
        group="What to learn",
        label="Base model",
        help="The model that learns; the LoRA works with it and its relatives.",
        widget="base",
    )
    trigger: str = Knob(
        "sks",
        max_length=60,
        group="What to learn",
        label="Trigger word",
        help="A rare word that will call the subject or style in a prompt.",
    )
    class_word: str = Knob(
        "",
        max_length=60,
        group="What to learn",
        label="What it is",
        help="The plain word for it: fox, woman, teapot. Empty for a style.",
    )
    captions: str = Knob(
        "trigger",
        group="What to learn",
        label="Train on",
        help="Only the trigger word and what it is, or the captions with the trigger word in front.",
        choices=("trigger", "captions"),
    )
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
    network: str = Knob(
        "lora", group="Network", advanced=True, label="Network", help="What is trained.", choices=NETWORKS
    )
    rank: int = Knob(
        16,
        ge=1,
        le=256,
        group="Network",
        label="Rank",
        help="How much the LoRA can hold; also how large its file is.",
    )
    alpha: float = Knob(
        0,
        ge=0,
        le=512,
        group="Network",
        advanced=True,
        label="Alpha",
        help="Strength the file is written for; 0 means the same as the rank.",
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
    caption_dropout: float = Knob(
        0.0,
        ge=0,
        le=1,
        step=0.01,
        group="Noise",
        advanced=True,
        label="Caption dropout",
        help="The part of the steps without a caption; helps a style.",
    )
    resolution: int = Knob(
        0,
        ge=0,
        le=2048,
        group="Pictures",
        label="Resolution",
        help="Side of the training pictures in pixels; 0 is the base model's own.",
    )
    flip: bool = Knob(
        True,
        group="Pictures",
        label="Mirror at random",
        help="Doubles the pictures; off for faces, text and logos.",
    )
    precision: str = Knob(
        "auto",
        group="Memory",
        advanced=True,
        label="Precision",
        help="“auto” is the best that the card has.",
        choices=("auto", "bf16", "fp16", "fp32"),
    )
    gradient_checkpointing: bool = Knob(
        True,
        group="Memory",
        advanced=True,
        label="Gradient checkpointing",
        help="Halves the memory and costs about a third more time.",
    )
    sample_prompts: str = Knob(
        "",
        group="Watching it learn",
        label="Sample prompts",
        help="One a line. Empty: the trigger word, and the same without it.",
        widget="lines",
    )
    sample_every: int = Knob(
        0,
        ge=0,
        le=100_000,
        group="Watching it learn",
        label="Sample every … steps",
        help="0 is a fifth of the steps.",
    )
    save_every: int = Knob(
        0,
        ge=0,
        le=100_000,
        group="Watching it learn",
        advanced=True,
        label="Checkpoint every … steps",
        help="0 is a tenth of the steps.",
    )
    seed: int = Knob(
        -1,
        ge=-1,
        lt=2**31,
        group="Watching it learn",
        advanced=True,
        label="Seed",
        help="-1 picks one at random.",
    )
