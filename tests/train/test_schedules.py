"""The learning rate over the steps, against the schedules of other trainers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers.optimization import get_scheduler

from studio.train.schedules import SCHEDULES, rate_factor

STEPS = 200


def settings(**values: Any) -> SimpleNamespace:
    usual = {
        "steps": STEPS,
        "warmup": 0.0,
        "warmup_steps": 0,
        "restarts": 3,
        "schedule_power": 2.0,
        "optimizer": "adamw",
        "schedule": "cosine",
    }
    return SimpleNamespace(**{**usual, **values})


def factors(name: str, **values: Any) -> list[float]:
    return [rate_factor(done, settings(schedule=name, **values)) for done in range(STEPS)]


def theirs(name: str, rising: int) -> list[float]:
    """The learning rates that diffusers' trainers use, of 1, with a polynomial that ends at (nearly) 0."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    rates = get_scheduler(
        name, optimizer, num_warmup_steps=rising, num_training_steps=STEPS, num_cycles=3, power=2.0
    )
    found = []
    for _ in range(STEPS):
        found.append(rates.get_last_lr()[0])
        optimizer.step()
        rates.step()
    return found


KNOWN = {
    "cosine": "cosine",
    "constant": "constant_with_warmup",
    "linear": "linear",
    "cosine-restarts": "cosine_with_restarts",
    "polynomial": "polynomial",
}


@pytest.mark.parametrize("rising", [0, 20])
@pytest.mark.parametrize("name", KNOWN)
def test_the_curve_is_the_one_that_others_call_by_this_name(name: str, rising: int) -> None:
    ours = factors(name, warmup_steps=rising)[rising:]
    assert ours == pytest.approx(theirs(KNOWN[name], rising)[rising:], abs=1e-6)


def test_rex_is_the_formula_of_its_paper() -> None:
    for done, factor in enumerate(factors("rex")):
        left = 1 - done / STEPS
        assert factor == pytest.approx(left / (1 / 2 + 1 / 2 * left))


@pytest.mark.parametrize("name", SCHEDULES.names())
def test_every_schedule_begins_full_and_stays_between_nothing_and_full(name: str) -> None:
    found = factors(name)
    assert found[0] == 1
    assert all(0 <= factor <= 1 for factor in found)


@pytest.mark.parametrize("name", sorted(set(SCHEDULES.names()) - {"constant"}))
def test_every_schedule_but_the_constant_one_ends_low(name: str) -> None:
    assert factors(name)[-1] < 0.02
    assert SCHEDULES.get(name).curve(1.0, settings()) == pytest.approx(0)


WARM: dict[str, tuple[dict[str, Any], int]] = {
    "a part": ({"warmup": 0.05}, 10),
    "steps": ({"warmup_steps": 30}, 30),
    "steps before a part": ({"warmup": 0.5, "warmup_steps": 4}, 4),
    "none": ({}, 0),
}


@pytest.mark.parametrize("case", WARM)
def test_the_warm_up_rises_in_a_straight_line_and_is_then_over(case: str) -> None:
    values, rising = WARM[case]
    found = factors("constant", **values)
    assert found[:rising] == pytest.approx([(step + 1) / (rising + 1) for step in range(rising)])
    assert set(found[rising:]) == {1.0}


@pytest.mark.parametrize("values", [{"warmup": 0.5}, {"warmup_steps": 500}], ids=str)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_even_the_shortest_training_corrects_something(steps: int, values: dict[str, Any]) -> None:
    assert rate_factor(steps - 1, settings(steps=steps, **values)) > 0.1


def test_an_optimizer_with_a_schedule_of_its_own_gets_a_level_rate() -> None:
    found = factors("cosine", optimizer="schedule-free", warmup_steps=5)
    assert found[:5] == sorted(found[:5])
    assert set(found[5:]) == {1.0}


def test_a_higher_power_falls_earlier() -> None:
    polynomial = SCHEDULES.get("polynomial")
    soft, even, sharp = (polynomial.curve(0.5, settings(schedule_power=power)) for power in (0.5, 1, 3))
    assert sharp < even < soft
