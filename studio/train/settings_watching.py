"""Settings of a training: memory, samples, checkpoints and the verdict."""

from __future__ import annotations

from studio.models.storage import STORAGES
from studio.settings import Knob, Settings


class WatchingSettings(Settings):
    """How it is watched, saved and judged."""

    precision: str = Knob(
        "auto",
        group="Memory",
        advanced=True,
        label="Precision",
        help="“auto” is the best that the card has.",
        choices=("auto", "bf16", "fp16", "fp32"),
    )
    storage: str = Knob(
        "plain",
        group="Memory",
        advanced=True,
        label="Base stored as",
        help="Packed, the base takes a half (int8, fp8) or a quarter (nf4) of the memory.",
        choices=STORAGES,
    )
    gradient_checkpointing: bool = Knob(
        True,
        group="Memory",
        advanced=True,
        label="Gradient checkpointing",
        help="Halves the memory and costs about a third more time.",
    )
    cards: int = Knob(
        1,
        ge=1,
        le=64,
        group="Memory",
        advanced=True,
        label="Cards",
        help="Graphics cards that train together, each with as many pictures per step; 1 is usual.",
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
        help="Auto (0) is a fifth of the steps.",
        widget="auto",
    )
    save_every: int = Knob(
        0,
        ge=0,
        le=100_000,
        group="Watching it learn",
        advanced=True,
        label="Checkpoint every … steps",
        help="Auto (0) is a tenth of the steps.",
        widget="auto",
    )
    held_out: int = Knob(
        -1,
        ge=-1,
        le=100,
        group="Watching it learn",
        advanced=True,
        label="Pictures kept apart",
        help="Not trained on, only looked at to see what was truly learned. -1: a tenth of ten or more.",
    )
    verdict: str = Knob(
        "quick",
        group="Watching it learn",
        label="Verdict",
        help="Tries checkpoints and strengths at the end and recommends one; “quick” adds about a quarter.",
        choices=("none", "quick", "full"),
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
