"""The looks at a model by which two moments of a training are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler

from studio.data.dataset import Picture
from studio.train.plan import Example
from studio.train.preparing import Shelf
from studio.train.probe import LOOKS, Probe


class Listening:
    """A model that remembers what it was told."""

    device, dtype = torch.device("cpu"), torch.float32

    def __init__(self) -> None:
        self.told: list[int] = []

    def describe_frames(self, frames: object) -> dict[str, torch.Tensor]:
        return {}

    def predict(self, noisy: torch.Tensor, timesteps: torch.Tensor, conditioning: object) -> torch.Tensor:
        self.told += timesteps.tolist()
        return noisy


@pytest.mark.parametrize(
    ("schedule", "first"), [(DDPMScheduler(), 62), (FlowMatchEulerDiscreteScheduler(), 63)], ids=["v", "flow"]
)
def test_both_looks_tell_the_model_its_timesteps_as_the_training_does(schedule: Any, first: int) -> None:
    example = Example(Picture(Path("a.png"), "", (64, 64)), (64, 64), "a fox")
    shelf = Shelf((example,), {(0, False): torch.zeros(4, 8, 8)})
    model: Any = Listening()
    prompts: Any = lambda captions: {}  # noqa: E731 (all that a probe asks of it)
    probe = Probe(model, schedule, shelf, prompts)
    probe.loss()
    by_loss, model.told = model.told, []
    probe.answers()
    assert model.told == by_loss
    assert by_loss[0] == first and len(by_loss) == LOOKS
