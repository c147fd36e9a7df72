"""Every optimizer: it learns, what it remembers is small, and it goes on exactly where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from studio.train.optimizers import OPTIMIZERS

RATES = {"prodigy": 1.0, "lion8bit": 2e-3}
EIGHT_BIT = ("adamw8bit", "paged-adamw8bit", "lion8bit")


class Problem:
    """A small regression: one large weight and one small, in float32 as a LoRA's are."""

    def __init__(self) -> None:
        chance = torch.Generator().manual_seed(3)
        self.inputs = torch.randn(16, 64, generator=chance)
        self.wanted = torch.randn(16, 8, generator=chance)
        start = torch.randn(64, 64, generator=chance) / 8
        self.weights = [torch.nn.Parameter(start), torch.nn.Parameter(torch.zeros(64, 8))]

    def loss(self) -> torch.Tensor:
        large, small = self.weights
        return (self.inputs @ large @ small - self.wanted).square().mean()


class Trainer:
    """The problem and an optimizer, as the training uses it."""

    def __init__(self, name: str, groups: bool = False) -> None:
        self.problem, self.plug_in = Problem(), OPTIMIZERS.get(name)
        settings = SimpleNamespace(learning_rate=RATES.get(name, 1e-2), weight_decay=0.01)
        weights: Sequence[Any] = self.problem.weights
        if groups:
            weights = [{"params": [weights[0]]}, {"params": [weights[1]], "lr": settings.learning_rate / 2}]
        self.optimizer = self.plug_in.build(weights, settings)

    def train(self, steps: int) -> list[float]:
        losses = []
        for _ in range(steps):
            loss = self.problem.loss()
            loss.backward()
            self.optimizer.step()
            self.optimizer.zero_grad()
            losses.append(loss.item())
        return losses

    def saved(self) -> Any:
        """What a checkpoint holds, after a way through a file."""
        file = BytesIO()
        torch.save({"weights": self.problem.weights, "optimizer": self.optimizer.state_dict()}, file)
        file.seek(0)
        return torch.load(file, weights_only=True)

    def load(self, state: Any) -> None:
        for weight, kept in zip(self.problem.weights, state["weights"], strict=True):
            weight.data.copy_(kept)
        self.optimizer.load_state_dict(state["optimizer"])


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_the_loss_falls(name: str) -> None:
    losses = Trainer(name).train(120)
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("groups", [False, True], ids=["one group", "two groups"])
@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_it_goes_on_exactly_where_it_stopped(name: str, groups: bool) -> None:
    unbroken = Trainer(name, groups)
    unbroken.train(7)
    state = unbroken.saved()
    resumed = Trainer(name, groups)
    resumed.load(state)
    assert resumed.train(6) == unbroken.train(6)
    assert all(map(torch.equal, resumed.problem.weights, unbroken.problem.weights))


@pytest.mark.parametrize("name", EIGHT_BIT)
def test_eight_bit_means_a_byte_a_value_from_4096_values_on(name: str) -> None:
    trainer = Trainer(name)
    trainer.train(1)
    large, small = (trainer.optimizer.state[weight] for weight in trainer.problem.weights)
    states = [key for key in large if key in ("state1", "state2") and large[key] is not None]
    assert states
    assert {large[key].dtype for key in states} == {torch.uint8}
    assert {small[key].dtype for key in states} == {torch.float32}


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_looking_at_the_weights_to_save_does_not_change_the_training(name: str) -> None:
    watched, alone = Trainer(name), Trainer(name)
    for trainer in (watched, alone):
        trainer.train(4)
    with watched.plug_in.settled(watched.optimizer):
        pass
    assert all(map(torch.equal, watched.problem.weights, alone.problem.weights))
    assert watched.train(3) == alone.train(3)


def test_what_schedule_free_saves_is_not_what_it_trains() -> None:
    trainer = Trainer("schedule-free")
    trainer.train(60)
    trained = [weight.detach().clone() for weight in trainer.problem.weights]
    with trainer.plug_in.settled(trainer.optimizer):
        assert not torch.equal(trainer.problem.weights[0], trained[0])
    assert torch.equal(trainer.problem.weights[0], trained[0])


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS.names()) - {"prodigy"}))
def test_text_encoders_can_learn_at_their_own_rate(name: str) -> None:
    trainer = Trainer(name, groups=True)
    first, second = (group["lr"] for group in trainer.optimizer.param_groups)
    assert second == first / 2


def test_prodigy_takes_groups_and_gives_them_one_rate() -> None:
    trainer = Trainer("prodigy", groups=True)
    trainer.train(2)
    assert {group["lr"] for group in trainer.optimizer.param_groups} == {1.0}
    assert "1.0" in OPTIMIZERS.get("prodigy").about


@pytest.mark.parametrize("name", OPTIMIZERS.names())
def test_each_says_where_to_begin(name: str) -> None:
    optimizer = OPTIMIZERS.get(name)
    assert 1e-6 <= optimizer.usual_rate <= 1
    assert optimizer.about.endswith(".")
