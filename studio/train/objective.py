"""The objective: noise, timesteps, what the denoiser should say, and how much each answer counts.

Noise and timesteps are functions of (seed, batch number), so that a training that was cut off and
goes on sees what an unbroken one sees.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from studio.errors import TrainingError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from studio.families._base import Conditioning, Model


def generator(seed: int, number: int, purpose: str) -> torch.Generator:
    """A generator on the processor whose numbers depend on these three and nothing else."""
    import torch

    digest = hashlib.sha256(f"{seed}/{number}/{purpose}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def draw_noise(latents: Tensor, seed: int, number: int) -> Tensor:
    """Gaussian noise like `latents`, the same on every device."""
    import torch

    noise = torch.randn(latents.shape, generator=generator(seed, number, "noise"))
    return noise.to(latents.device, latents.dtype)


def draw_timesteps(count: int, of: int, seed: int, number: int) -> Tensor:
    """`count` timesteps from 0 to `of` - 1, each as likely as any other."""
    import torch

    return torch.randint(of, (count,), generator=generator(seed, number, "timesteps"))


def target(schedule: Any, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What the denoiser should say: the noise, or v (Salimans and Ho, arXiv 2202.00512).

    Raises `TrainingError` for a base that predicts anything else.
    """
    match schedule.config.prediction_type:
        case "epsilon":
            return noise
        case "v_prediction":
            velocity: Tensor = schedule.get_velocity(latents, noise, timesteps)
            return velocity
        case other:
            raise TrainingError(
                f"This base model cannot be trained, because it predicts “{other}”",
                remedy="Choose one that predicts epsilon or v, as nearly all do.",
            )


def min_snr_weights(schedule: Any, timesteps: Tensor, gamma: float) -> Tensor:
    """How much each timestep counts (Hang et al., arXiv 2303.09556).

    min(SNR, γ) / SNR for epsilon, min(SNR, γ) / (SNR + 1) for v; a gamma of 0 is no weighting.
    Where the last timestep is pure noise its SNR is 0, and the weight the formula's limit: 1 or 0.
    """
    import torch

    if gamma == 0:
        return torch.ones(len(timesteps), device=timesteps.device)
    kept: Tensor = schedule.alphas_cumprod.to(timesteps.device)[timesteps].float()
    snr = kept / (1 - kept)
    if schedule.config.prediction_type == "v_prediction":
        return snr.clamp(max=gamma) / (snr + 1)
    return (gamma / snr).clamp(max=1)


def loss(
    model: Model,
    schedule: Any,
    latents: Tensor,
    conditioning: Conditioning,
    *,
    noise: Tensor,
    timesteps: Tensor,
    gamma: float,
) -> Tensor:
    """The weighted squared error of the denoiser, a scalar: Ho et al. (arXiv 2006.11239), equation 14."""
    noisy = schedule.add_noise(latents, noise, timesteps).to(model.dtype)
    said = model.predict(noisy, timesteps, conditioning).float()
    wanted = target(schedule, latents, noise, timesteps).float()
    errors = (said - wanted).square().flatten(1).mean(1)
    return (errors * min_snr_weights(schedule, timesteps, gamma)).mean()
