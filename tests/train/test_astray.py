"""When a training goes astray it says where the numbers were lost; half precision recovers by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.amp.grad_scaler import GradScaler

from studio.errors import TrainingError
from studio.jobs.context import Context
from studio.train import crew, engine
from studio.train.loop import Loop
from tests.train.studio_in_small import Small, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def begin(small: Small, **values: Any) -> Loop:
    run = small.run(**values)
    return engine._begin(Context(small.workspace, run, small.events.append), small.settings(**values)).loop


def spoil_picture(loop: Loop) -> None:
    for latents in loop.material.shelf.latents.values():
        latents.fill_(float("nan"))


def spoil_caption(loop: Loop) -> None:
    for told in loop.prompts.encoded.values():
        for row in told.values():
            row.fill_(float("nan"))


def spoil_base(loop: Loop) -> None:
    next(each for each in loop.model.denoiser.parameters() if not each.requires_grad).data.fill_(float("nan"))


def spoil_weights(loop: Loop) -> None:
    next(iter(loop.attached.weights.values())).data.fill_(float("inf"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_picture, r"VAE makes no numbers of .*\.png.*fp32"),
        (spoil_caption, "text encoder makes no numbers of a caption"),
        (spoil_base, "the base model itself"),
        (spoil_weights, r"learning rate \(0\.0001\) is too high.*tenth"),
    ],
)
def test_the_cause_is_named_where_it_lies(small: Small, spoil: Any, said: str) -> None:
    loop = begin(small)
    spoil(loop)
    with pytest.raises(TrainingError, match=f"(?s)at step 1.*{said}"):
        loop.step()


@pytest.fixture
def half(monkeypatch: pytest.MonkeyPatch) -> None:
    """The accelerator of a card that computes in half precision: gradients are scaled up and checked."""
    begin_crew = crew.begin_crew

    def scaled(**values: Any) -> crew.Crew:
        begun = begin_crew(**values)
        begun.accelerator.scaler = GradScaler("cpu", init_scale=2.0**16, growth_interval=3)
        begun.accelerator.native_amp = True
        begun.accelerator.state._mixed_precision = "fp16"
        return begun

    monkeypatch.setattr(crew, "begin_crew", scaled)


def state(loop: Loop) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in loop.attached.weights.items()}


@pytest.mark.usefixtures("half")
def test_in_half_precision_a_step_that_overflows_is_left_out_and_the_scale_halves(small: Small) -> None:
    loop = begin(small, steps=6, learning_rate=1e-2, optimizer="adamw")
    loop.step()
    assert loop.accelerator.scaler.get_scale() == 2.0**16
    before = state(loop)
    name, weight = next(iter(loop.attached.weights.items()))
    hook = weight.register_hook(lambda gradient: gradient * float("inf"))
    loop.step()
    hook.remove()
    assert all(torch.equal(value, before[name]) for name, value in state(loop).items())
    assert loop.accelerator.scaler.get_scale() == 2.0**15
    loop.step()
    assert not torch.equal(loop.attached.weights[name], before[name])


@pytest.mark.usefixtures("half")
def test_in_half_precision_a_training_goes_on_exactly_too(small: Small) -> None:
    unbroken, resumed = (begin(small, steps=8, learning_rate=1e-2) for _ in range(2))
    for _ in range(4):
        unbroken.step()
    kept = unbroken.state()
    resumed.load(kept)
    rest = [[loop.step()["loss"] for _ in range(4)] for loop in (unbroken, resumed)]
    assert rest[0] == rest[1]
    scales = [loop.accelerator.scaler.get_scale() for loop in (unbroken, resumed)]
    assert scales[0] == scales[1] > 2.0**16  # it grew after every third sound step
