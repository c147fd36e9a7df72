"""Training teaches the LoRA, and nothing but the LoRA."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.errors import TrainingError
from studio.jobs.context import Context
from studio.train.engine import _begin
from studio.train.training import Training
from tests.train.studio_in_small import Small, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def begin(small: Small, **values: object) -> Training:
    run = small.run(**values)
    return _begin(Context(small.workspace, run, small.events.append), small.settings(**values))


def held_out_loss(training: Training) -> float:
    """The loss at noise and timesteps that no step has seen, without weights."""
    with training.loop.at_rest():
        return training.probe.loss()


def test_the_loss_falls_on_noise_that_was_never_trained_on(small: Small) -> None:
    training = begin(small, steps=60, batch_size=4, rank=8, learning_rate=2e-2, min_snr_gamma=0)
    before = held_out_loss(training)
    for _ in range(60):
        training.loop.step()
    assert held_out_loss(training) < 0.9 * before


def test_only_the_lora_changes(small: Small) -> None:
    training = begin(small, steps=3, learning_rate=1e-2)
    denoiser, weights = training.loop.model.denoiser, training.loop.attached.weights
    before = {name: value.clone() for name, value in denoiser.state_dict().items() if "lora" not in name}
    for _ in range(3):
        training.loop.step()
    after = denoiser.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    trained = {id(parameter) for parameter in denoiser.parameters() if parameter.requires_grad}
    assert trained == {id(weight) for weight in weights.values()}
    assert all(weight.abs().sum() > 0 for weight in weights.values())


def test_eight_bit_adam_really_remembers_in_a_byte_a_value(small: Small) -> None:
    training = begin(small, steps=2, rank=32, network="locon", optimizer="adamw8bit")
    training.loop.step()
    loop = training.loop
    states = loop.optimizer.optimizer.state
    kinds = {
        (weight.numel() >= 4096, states[pack.whole]["state1"].dtype)
        for pack in loop.packs
        for weight in pack.weights
    }
    assert kinds == {(True, torch.uint8), (False, torch.float32)}
    assert {id(weight) for pack in loop.packs for weight in pack.weights} == {
        id(weight) for weight in loop.attached.weights.values()
    }


def test_a_run_whose_optimizer_was_kept_in_another_way_is_told_so(small: Small) -> None:
    loop = begin(small, steps=2, optimizer="adamw8bit").loop
    loop.step()
    state = loop.state()
    state["optimizer"]["param_groups"] = state["optimizer"]["param_groups"] * 2
    with pytest.raises(TrainingError, match="earlier version"):
        loop.load(state)


def test_the_encoders_are_gone_before_the_first_step(small: Small) -> None:
    model = begin(small).loop.model
    assert not model.text_encoders
    assert model.vae.encoder is None
