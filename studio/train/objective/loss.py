"""The loss: how far the denoiser's answer is from the target, and how much each part of that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.train.objective.targets import noisy, spoken, target
from studio.train.objective.weights import debiased_weights, min_snr_weights

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Conditioning, Model


def loss(
    model: Model,
    schedule: Any,
    latents: Tensor,
    conditioning: Conditioning,
    *,
    noise: Tensor,
    timesteps: Tensor,
    gamma: float = 0.0,
    debiased: bool = False,
    huber: float = 0.0,
    seen_noise: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
) -> Tensor:
    """The weighted error of the denoiser, a scalar: Ho et al. (arXiv 2006.11239), equation 14.

    `gamma` is that of min-SNR, which `debiased` takes the place of; `huber` is the error from which
    on it counts in proportion instead of squared; `seen_noise` is shown in place of `noise`. `mask`
    (batch, 1, height, width of the latents) says what is learned, 1, and what is not, 0; `weights`
    (batch,) how much each picture counts.
    """
    seen = noise if seen_noise is None else seen_noise
    shown = noisy(schedule, latents, seen, timesteps).to(model.dtype)
    said = model.predict(shown, spoken(schedule, timesteps), conditioning).float()
    errors = distance(said - target(schedule, latents, noise, timesteps).float(), huber)
    each = mean_inside(errors, mask)
    each = each * (
        debiased_weights(schedule, timesteps) if debiased else min_snr_weights(schedule, timesteps, gamma)
    )
    return (each if weights is None else each * weights).mean()


def distance(difference: Tensor, huber: float) -> Tensor:
    """The square, or the pseudo-Huber 2 δ (√(d² + δ²) - δ), which is the square where d is small beside δ.

    Song and Dhariwal, arXiv 2310.14189, section 3.3, times 2 δ; written as a fraction, because the
    difference of the two roots has no digits left where d is small.
    """
    square = difference.square()
    return 2 * huber * square / ((square + huber**2).sqrt() + huber) if huber else square


def mean_inside(errors: Tensor, mask: Tensor | None) -> Tensor:
    """The mean of each picture's errors (batch,), taken where its mask is white; 0 where nothing is."""
    if mask is None:
        return errors.flatten(1).mean(1)
    counts = mask.to(errors).expand_as(errors)
    return (errors * counts).flatten(1).sum(1) / counts.flatten(1).sum(1).clamp(min=1e-6)
