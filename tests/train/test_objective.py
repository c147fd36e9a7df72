"""The loss is the one of the papers, whatever the base predicts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import compute_snr
from torch.nn.functional import mse_loss

from studio.errors import TrainingError
from studio.train import objective


class Says:
    """A model that says what it is told to."""

    dtype = torch.float32

    def __init__(self, answer: torch.Tensor) -> None:
        self.answer = answer

    def predict(self, *_: object) -> torch.Tensor:
        return self.answer


def schedule(prediction: str, zero_snr: bool = False) -> Any:
    return DDPMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type=prediction,
        rescale_betas_zero_snr=zero_snr,
    )


@pytest.mark.parametrize("gamma", [0.0, 5.0])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_loss_is_that_of_diffusers_training_scripts(prediction: str, gamma: float) -> None:
    noises = schedule(prediction)
    latents, answer = torch.randn(4, 4, 8, 8), torch.randn(4, 4, 8, 8)
    noise = objective.draw_noise(latents, 1, 2)
    timesteps = torch.tensor([3, 250, 600, 999])
    ours = objective.loss(
        Says(answer),
        noises,
        latents,
        {},
        noise=noise,
        timesteps=timesteps,
        gamma=gamma,  # type: ignore[arg-type]
    )
    wanted = noise if prediction == "epsilon" else noises.get_velocity(latents, noise, timesteps)
    each = mse_loss(answer, wanted, reduction="none").mean((1, 2, 3))
    if gamma:
        snr = compute_snr(noises, timesteps)
        weights = torch.minimum(snr, torch.full_like(snr, gamma))
        each = each * weights / (snr if prediction == "epsilon" else snr + 1)
    assert torch.allclose(ours, each.mean(), rtol=1e-5)


@pytest.mark.parametrize(("prediction", "last"), [("epsilon", 1.0), ("v_prediction", 0.0)])
def test_pure_noise_at_the_last_timestep_is_weighed_with_a_number(prediction: str, last: float) -> None:
    weights = objective.min_snr_weights(schedule(prediction, zero_snr=True), torch.arange(1000), 5.0)
    assert weights.isfinite().all()
    assert weights[-1] == last


def test_the_same_step_of_the_same_run_sees_the_same_noise() -> None:
    latents = torch.zeros(2, 4, 8, 8)
    assert torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 5, 8))
    assert not torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 5, 9))
    assert not torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 6, 8))


def test_all_timesteps_are_drawn() -> None:
    drawn = torch.cat([objective.draw_timesteps(64, 10, 1, number) for number in range(10)])
    assert set(drawn.tolist()) == set(range(10))


def test_an_unknown_kind_of_prediction_is_refused() -> None:
    odd = SimpleNamespace(config=SimpleNamespace(prediction_type="sample"))
    with pytest.raises(TrainingError, match="sample"):
        objective.target(odd, torch.zeros(1), torch.zeros(1), torch.zeros(1))
