"""How much each timestep counts.

All weights are those of a squared error in what the base predicts. The error in v is
(SNR + 1) / SNR times the error in epsilon, so a weight of epsilon times SNR / (SNR + 1) is the
same weight of v. A flow has none of them: its timesteps are drawn as they should count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.train.objective.targets import FLOW, prediction

if TYPE_CHECKING:
    from torch import Tensor


def signal_to_noise(schedule: Any, timesteps: Tensor) -> Tensor:
    """SNR = ᾱ / (1 - ᾱ) of each timestep, in float32."""
    kept: Tensor = schedule.alphas_cumprod.to(timesteps.device)[timesteps].float()
    return kept / (1 - kept)


def min_snr_weights(schedule: Any, timesteps: Tensor, gamma: float) -> Tensor:
    """min(SNR, γ) / SNR for epsilon, min(SNR, γ) / (SNR + 1) for v (Hang et al., arXiv 2303.09556).

    A gamma of 0 is no weighting. Where the last timestep is pure noise its SNR is 0, and the weight
    the formula's limit: 1 or 0.
    """
    import torch

    kind = prediction(schedule)
    if gamma == 0 or kind == FLOW:
        return torch.ones(len(timesteps), device=timesteps.device)
    snr = signal_to_noise(schedule, timesteps)
    if kind == "v_prediction":
        return snr.clamp(max=gamma) / (snr + 1)
    return (gamma / snr).clamp(max=1)


def debiased_weights(schedule: Any, timesteps: Tensor) -> Tensor:
    """1 / √SNR for epsilon, √SNR / (SNR + 1) for v (Yu et al., arXiv 2310.08442)."""
    import torch

    kind = prediction(schedule)
    if kind == FLOW:
        return torch.ones(len(timesteps), device=timesteps.device)
    snr = signal_to_noise(schedule, timesteps)
    return snr.sqrt() / (snr + 1) if kind == "v_prediction" else snr.rsqrt()
