"""The loss is the one of the papers, whatever the base predicts and the settings ask for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler, FlowMatchEulerDiscreteScheduler
from diffusers.training_utils import compute_snr
from torch import Tensor
from torch.nn.functional import mse_loss

from studio.errors import SettingsError, TrainingError
from studio.train import objective

TIMESTEPS = torch.tensor([3, 250, 600, 999])


class Says:
    """A model that says what it is told to, and remembers what it was asked."""

    dtype = torch.float32

    def __init__(self, answer: Tensor) -> None:
        self.answer = answer

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: object) -> Tensor:
        self.noisy, self.timesteps = noisy, timesteps
        return self.answer


def schedule(prediction: str, zero_snr: bool = False) -> Any:
    if prediction == "flow":
        return FlowMatchEulerDiscreteScheduler(shift=3.0)
    return DDPMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type=prediction,
        rescale_betas_zero_snr=zero_snr,
    )


def settings(**values: Any) -> Any:
    usual = {
        "min_snr_gamma": 0.0,
        "debiased": False,
        "huber": 0.0,
        "noise_offset": 0.0,
        "input_perturbation": 0.0,
        "zero_terminal_snr": False,
        "timestep_bias": "auto",
        "timestep_shift": 1.0,
        "timestep_from": 0.0,
        "timestep_to": 1.0,
    }
    return SimpleNamespace(**{**usual, **values})


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(4, 4, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def says() -> Any:
    return Says(torch.randn(4, 4, 8, 8, generator=torch.Generator().manual_seed(2)))


def loss(says: Any, noises: Any, latents: Tensor, **values: Any) -> Tensor:
    noise = objective.draw_noise(latents, 1, 2)
    return objective.loss(says, noises, latents, {}, noise=noise, timesteps=TIMESTEPS, **values)


def kept(noises: Any) -> Tensor:
    """ᾱ of the timesteps, shaped to multiply latents."""
    return noises.alphas_cumprod[TIMESTEPS].reshape(-1, 1, 1, 1)


@pytest.mark.parametrize("gamma", [0.0, 5.0])
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_loss_is_that_of_diffusers_training_scripts(
    latents: Tensor, says: Any, prediction: str, gamma: float
) -> None:
    noises = schedule(prediction)
    noise = objective.draw_noise(latents, 1, 2)
    wanted = noise if prediction == "epsilon" else noises.get_velocity(latents, noise, TIMESTEPS)
    each = mse_loss(says.answer, wanted, reduction="none").mean((1, 2, 3))
    if gamma:
        snr = compute_snr(noises, TIMESTEPS)
        weights = torch.minimum(snr, torch.full_like(snr, gamma))
        each = each * weights / (snr if prediction == "epsilon" else snr + 1)
    assert torch.allclose(loss(says, noises, latents, gamma=gamma), each.mean(), rtol=1e-5)
    assert torch.equal(says.noisy, noises.add_noise(latents, noise, TIMESTEPS))


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_loss_is_that_of_the_formulas_written_out(latents: Tensor, says: Any, prediction: str) -> None:
    noises = schedule(prediction)
    noise, share = objective.draw_noise(latents, 1, 2), kept(noises)
    wanted = noise if prediction == "epsilon" else share.sqrt() * noise - (1 - share).sqrt() * latents
    assert torch.allclose(loss(says, noises, latents), ((says.answer - wanted) ** 2).mean(), rtol=1e-5)
    assert torch.allclose(says.noisy, share.sqrt() * latents + (1 - share).sqrt() * noise, rtol=1e-5)


def test_a_flow_goes_straight_from_the_picture_to_noise(latents: Tensor, says: Any) -> None:
    noise = objective.draw_noise(latents, 1, 2)
    share = ((TIMESTEPS + 1) / 1000).reshape(-1, 1, 1, 1)
    ours = loss(says, schedule("flow"), latents, gamma=5.0)
    assert torch.allclose(ours, ((says.answer - (noise - latents)) ** 2).mean(), rtol=1e-5)
    assert torch.allclose(says.noisy, (1 - share) * latents + share * noise, rtol=1e-5)
    assert torch.equal(says.timesteps, TIMESTEPS + 1)  # 1000 σ, of which the last is pure noise


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_debiased_weights_are_the_root_of_the_paper_s(latents: Tensor, says: Any, prediction: str) -> None:
    noises = schedule(prediction)
    snr = compute_snr(noises, TIMESTEPS)
    noise, share = objective.draw_noise(latents, 1, 2), kept(noises)
    wanted = noise if prediction == "epsilon" else share.sqrt() * noise - (1 - share).sqrt() * latents
    each = ((says.answer - wanted) ** 2).mean((1, 2, 3)) / snr.sqrt()
    if prediction == "v_prediction":
        each = each * snr / (snr + 1)  # an error in v is that of epsilon times (SNR + 1) / SNR
    assert torch.allclose(loss(says, noises, latents, debiased=True, gamma=5.0), each.mean(), rtol=1e-5)


@pytest.mark.parametrize("weigh", ["min_snr", "debiased"])
def test_a_weight_means_the_same_whether_the_base_predicts_epsilon_or_v(weigh: str) -> None:
    def of(prediction: str) -> Tensor:
        noises = schedule(prediction)
        if weigh == "min_snr":
            return objective.min_snr_weights(noises, TIMESTEPS, 5.0)
        return objective.debiased_weights(noises, TIMESTEPS)

    snr = compute_snr(schedule("epsilon"), TIMESTEPS)
    assert torch.allclose(of("v_prediction"), of("epsilon") * snr / (snr + 1), rtol=1e-5)


def test_huber_is_squared_for_small_errors_and_in_proportion_for_large_ones(
    latents: Tensor, says: Any
) -> None:
    noises, noise = schedule("epsilon"), objective.draw_noise(latents, 1, 2)
    off = says.answer - noise
    written = (2 * 0.1 * ((off**2 + 0.1**2) ** 0.5 - 0.1)).mean()
    assert torch.allclose(loss(says, noises, latents, huber=0.1), written, rtol=1e-5)
    says.answer = noise + 1e-3
    assert torch.allclose(loss(says, noises, latents, huber=10.0), torch.tensor(1e-6), rtol=1e-2)
    says.answer = noise + 1000
    assert torch.allclose(loss(says, noises, latents, huber=0.1), torch.tensor(2 * 0.1 * 1000), rtol=1e-2)


def test_only_what_a_mask_leaves_white_is_learned(latents: Tensor, says: Any) -> None:
    noises, noise = schedule("epsilon"), objective.draw_noise(latents, 1, 2)
    mask = torch.zeros(4, 1, 8, 8)
    mask[:, :, 2:4, 1:7] = 1
    inside = ((says.answer - noise) ** 2)[:, :, 2:4, 1:7].mean()
    assert torch.allclose(loss(says, noises, latents, mask=mask), inside, rtol=1e-5)
    says.answer = says.answer.masked_fill(mask == 0, 100.0)
    assert torch.allclose(loss(says, noises, latents, mask=mask), inside, rtol=1e-5)
    assert loss(says, noises, latents, mask=torch.zeros(4, 1, 8, 8)) == 0


def test_pictures_count_as_much_as_they_are_told_to(latents: Tensor, says: Any) -> None:
    noises, noise = schedule("epsilon"), objective.draw_noise(latents, 1, 2)
    each = ((says.answer - noise) ** 2).mean((1, 2, 3))
    weights = torch.tensor([1.0, 0.0, 0.5, 2.0])
    ours = loss(says, noises, latents, weights=weights)
    assert torch.allclose(ours, (each * weights).mean(), rtol=1e-5)


@pytest.mark.parametrize(("prediction", "last"), [("epsilon", 1.0), ("v_prediction", 0.0)])
def test_pure_noise_at_the_last_timestep_is_weighed_with_a_number(prediction: str, last: float) -> None:
    weights = objective.min_snr_weights(schedule(prediction, zero_snr=True), torch.arange(1000), 5.0)
    assert weights.isfinite().all()
    assert weights[-1] == last


def test_zero_terminal_snr_makes_the_last_timestep_pure_noise() -> None:
    noises = objective.prepared(schedule("v_prediction"), settings(zero_terminal_snr=True))
    assert noises.alphas_cumprod[-1] == pytest.approx(0, abs=1e-6)
    assert noises.alphas_cumprod[0] == pytest.approx(
        float(schedule("v_prediction").alphas_cumprod[0]), rel=1e-4
    )
    as_it_is = schedule("v_prediction")
    assert objective.prepared(as_it_is, settings()) is as_it_is


@pytest.mark.parametrize("prediction", ["epsilon", "flow"])
def test_a_base_that_cannot_learn_from_pure_noise_refuses_it(prediction: str) -> None:
    with pytest.raises(SettingsError, match="predicts v") as fault:
        objective.prepared(schedule(prediction), settings(zero_terminal_snr=True))
    assert fault.value.field == "zero_terminal_snr"


def test_the_same_step_of_the_same_run_sees_the_same_noise() -> None:
    latents = torch.zeros(2, 4, 8, 8)
    assert torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 5, 8))
    assert not torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 5, 9))
    assert not torch.equal(objective.draw_noise(latents, 5, 8), objective.draw_noise(latents, 6, 8))


def test_noise_offset_lifts_whole_channels() -> None:
    latents = torch.zeros(64, 4, 16, 16)
    plain, lifted = (objective.draw_noise(latents, 1, 2, offset=offset) for offset in (0.0, 0.5))
    difference = lifted - plain
    assert torch.allclose(difference, difference[:, :, :1, :1].expand_as(difference), atol=1e-6)
    assert difference[:, :, 0, 0].std() == pytest.approx(0.5, rel=0.2)


def test_a_perturbed_input_is_still_asked_for_the_noise_alone(latents: Tensor, says: Any) -> None:
    noises = schedule("epsilon")
    noise = objective.draw_noise(latents, 3, 4)
    ours = objective.training_loss(
        says, noises, latents, {}, settings=settings(input_perturbation=0.1), seed=3, number=4
    )
    assert torch.allclose(ours, ((says.answer - noise) ** 2).mean(), rtol=1e-5)
    shown = noises.add_noise(latents, noise, says.timesteps)
    more = (says.noisy - shown) / (1 - noises.alphas_cumprod[says.timesteps]).sqrt().reshape(-1, 1, 1, 1)
    assert more.std() == pytest.approx(0.1, rel=0.1)


def test_all_timesteps_are_drawn_alike() -> None:
    drawn = torch.cat([objective.draw_timesteps(64, 10, 1, number) for number in range(50)])
    shares = torch.bincount(drawn, minlength=10) / len(drawn)
    assert shares.min() > 0.07
    assert shares.max() < 0.13


def drawn(**options: Any) -> Tensor:
    return objective.draw_timesteps(20_000, 1000, 1, 0, **options).double()


def test_logit_normal_prefers_the_middle() -> None:
    share = (drawn(bias="logit-normal") + 0.5) / 1000
    reference = torch.distributions.Normal(0.0, 1.0).cdf(torch.tensor([-1.0, 0.0, 1.0]))
    found = [(share < torch.sigmoid(torch.tensor(at))).double().mean() for at in (-1.0, 0.0, 1.0)]
    assert found == pytest.approx(reference.tolist(), abs=0.02)


@pytest.mark.parametrize("shift", [0.5, 3.0])
def test_a_shift_moves_every_level_as_a_flow_s_does(shift: float) -> None:
    plain = torch.linspace(0.001, 0.999, 20_000).double()
    moved = shift * plain / (1 + (shift - 1) * plain)
    assert drawn(shift=shift).mean() / 1000 == pytest.approx(float(moved.mean()), abs=0.01)


@pytest.mark.parametrize("options", [{}, {"bias": "logit-normal"}, {"shift": 3.0}], ids=str)
def test_timesteps_keep_to_their_part(options: dict[str, Any]) -> None:
    found = drawn(part=(0.2, 0.7), **options)
    assert found.min() >= 200
    assert found.max() <= 700
    assert found.unique().numel() > 400


@pytest.mark.parametrize(("prediction", "middle"), [("epsilon", 0.50), ("flow", 0.68)])
def test_a_flow_trains_the_middle_most_by_itself(prediction: str, middle: float) -> None:
    latents = torch.zeros(4000, 1, 1, 1)
    says: Any = Says(torch.zeros(4000, 1, 1, 1))
    noises = schedule(prediction)
    objective.training_loss(says, noises, latents, {}, settings=settings(), seed=1, number=1)
    inside = (says.timesteps > 269) & (says.timesteps < 731)  # a standard deviation of the logit
    assert inside.double().mean() == pytest.approx(middle, abs=0.06)


def test_a_part_that_ends_before_it_begins_is_its_beginning(latents: Tensor, says: Any) -> None:
    wanted = settings(timestep_from=0.9, timestep_to=0.2)
    objective.training_loss(says, schedule("epsilon"), latents, {}, settings=wanted, seed=1, number=1)
    assert set(says.timesteps.tolist()) == {900}


def test_an_unknown_kind_of_prediction_is_refused() -> None:
    odd = SimpleNamespace(config=SimpleNamespace(prediction_type="sample"))
    with pytest.raises(TrainingError, match="sample"):
        objective.target(odd, torch.zeros(1), torch.zeros(1), torch.zeros(1))
