"""The objective: noise, timesteps, what the denoiser should say, and how much each answer counts.

Pure functions; what chance decides depends on (seed, batch number) and on nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.train.objective._settings import ObjectiveSettings
from studio.train.objective.draws import draw_noise, draw_timesteps, generator, perturbed
from studio.train.objective.loss import loss
from studio.train.objective.targets import (
    FLOW,
    noisy,
    prediction,
    spoken,
    target,
    with_zero_terminal_snr,
)
from studio.train.objective.weights import debiased_weights, min_snr_weights

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model

__all__ = [
    "ObjectiveSettings",
    "debiased_weights",
    "draw_noise",
    "draw_timesteps",
    "generator",
    "loss",
    "min_snr_weights",
    "noisy",
    "prediction",
    "prepared",
    "spoken",
    "target",
    "training_loss",
]


def prepared(schedule: Any, settings: ObjectiveSettings) -> Any:
    """The noise schedule to train with; raises `SettingsError` where the settings do not suit it."""
    prediction(schedule)
    return with_zero_terminal_snr(schedule) if settings.zero_terminal_snr else schedule


def training_loss(
    model: Model,
    schedule: Any,
    latents: Tensor,
    conditioning: Conditioning,
    *,
    settings: ObjectiveSettings,
    seed: int,
    number: int,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """The loss of the batch of this number, as the settings want it; a scalar."""
    noise = draw_noise(latents, seed, number, offset=settings.noise_offset)
    timesteps = draw_timesteps(
        len(latents),
        schedule.config.num_train_timesteps,
        seed,
        number,
        bias=bias(schedule, settings),
        shift=settings.timestep_shift,
        part=(settings.timestep_from, max(settings.timestep_from, settings.timestep_to)),
    )
    return loss(
        model,
        schedule,
        latents,
        conditioning,
        noise=noise,
        seen_noise=perturbed(noise, seed, number, strength=settings.input_perturbation),
        timesteps=timesteps.to(latents.device),
        gamma=settings.min_snr_gamma,
        debiased=settings.debiased,
        huber=settings.huber,
        mask=mask,
        weights=weights,
    )


def bias(schedule: Any, settings: ObjectiveSettings) -> str:
    """Which timesteps are preferred; "auto" is the middle for a flow, and none for the others."""
    if settings.timestep_bias != "auto":
        return settings.timestep_bias
    return "logit-normal" if prediction(schedule) == FLOW else "uniform"
