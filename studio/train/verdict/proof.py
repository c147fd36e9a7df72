"""The proof: the file that was written gives back, on a fresh base, what was trained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from studio.errors import TrainingError
from studio.train.verdict.trial import Trial

CLOSE = {"torch.float32": 2 / 255}  # mean difference of a value in 0…1; what rounding to float16 makes of it
CLOSE_IN_HALF = 8 / 255


@dataclass(frozen=True)
class Proof:
    """What was found: the layers of the file, all used, and how far the two pictures are apart.

    `difference` is the mean of a value in 0…1, `allowed` what rounding may make of it.
    """

    sentence: str
    layers: int
    difference: float
    allowed: float


def prove(trial: Trial, lora: Path, sample: Path, prompt: str, seed: int) -> Proof:
    """Paint the last sample again with the file on a fresh base.

    Raises `AdapterError` if a key of the file is not used, `TrainingError` if the picture is another.
    """
    adapter = trial.read(lora)
    trial.wear(adapter)
    again = trial.paint(prompt, [seed])[0]
    trial.wear(None)
    with Image.open(sample) as opened:
        trained = opened.convert("RGB")
    apart, allowed = difference(trained, again), CLOSE.get(str(trial.model.dtype), CLOSE_IN_HALF)
    if apart > allowed:
        base = difference(trial.paint(prompt, [seed])[0], trained)
        if apart > base / 10:
            raise TrainingError(
                "The LoRA's file does not give back what was trained",
                why=f"On a fresh base its picture differs by {apart:.1%} from the training's own",
                remedy="The checkpoints are kept. Please report this with the job's log.",
            )
    layers = adapter.receipt.layers
    sentence = f"Read back into a fresh base, all {layers} layers are used and the picture is the same."
    return Proof(sentence, layers, apart, allowed)


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of two pictures' values, from 0 to 1."""
    import numpy as np

    first, second = (np.asarray(each.convert("RGB"), dtype=np.float32) / 255 for each in (one, other))
    return float(np.abs(first - second).mean())
