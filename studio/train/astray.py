"""Astray: why a loss, a gradient or a weight is no number any more, from what can still be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from studio.errors import TrainingError

if TYPE_CHECKING:
    from torch import Tensor

    from studio.train.feed import Batch
    from studio.train.loop import Loop

PRECISE = "Train again with the precision fp32, or take the file anew if that does not help either."
FULL = {"precision": "fp32"}


def astray(loop: Loop, what: str, batch: Batch | None = None) -> TrainingError:
    """The fault to raise; `what` is the sentence that names it, `batch` what was being looked at."""
    why, remedy, afresh = _cause(loop, batch)
    return TrainingError(
        f"The training went astray at step {loop.done + 1}",
        why=f"{what}, {why}",
        remedy=f"{remedy} The checkpoints from before are kept.",
        afresh=afresh,
    )


def lower_rate(rate: float) -> dict[str, Any]:
    """The settings to start afresh with where the learning rate was too high: a tenth of it."""
    return {"learning_rate": float(f"{rate / 10:g}")}


def _cause(loop: Loop, batch: Batch | None) -> tuple[str, str, dict[str, Any]]:
    """The likely cause as the end of a sentence, the remedy, and what to start afresh with."""
    if batch is not None and not _sound([batch.latents]):
        names = ", ".join(dict.fromkeys(batch.names))
        return (
            f"because the base model's VAE makes no numbers of {names}",
            "Take it out of the dataset, or train with the precision fp32.",
            FULL,
        )
    if batch is not None and not _sound(_told(loop, batch).values()):
        return "because the base model's text encoder makes no numbers of a caption", PRECISE, FULL
    if loop.done == 0 and _sound(loop.attached.weights.values()):
        return "before anything was learned: the base model itself gives none", PRECISE, FULL
    if "float16" in str(loop.model.dtype).split("."):
        return (
            "as happens when the numbers of a base model outgrow fp16, or the learning rate "
            f"({loop.settings.learning_rate:g}) is too high",
            "Train again with the precision bf16 or fp32, or with a tenth of the rate.",
            lower_rate(loop.settings.learning_rate),
        )
    return (
        f"most often because the learning rate ({loop.settings.learning_rate:g}) is too high",
        "Train again with a tenth of it.",
        lower_rate(loop.settings.learning_rate),
    )


def _told(loop: Loop, batch: Batch) -> Mapping[str, Tensor]:
    import torch

    with torch.no_grad():
        return loop.prompts(batch.captions)


def _sound(tensors: Iterable[Tensor]) -> bool:
    return all(bool(tensor.isfinite().all()) for tensor in tensors)
