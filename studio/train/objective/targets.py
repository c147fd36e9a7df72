"""What the denoiser is shown, and what it should say.

A noise schedule is one of two kinds: diffusion (a `DDPMScheduler`), whose timesteps 0 … 999 stand
for noise levels in a table, and flow (a `FlowMatchEulerDiscreteScheduler`), in which timestep t
stands for the share σ = (t + 1) / 1000 of noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.errors import SettingsError, TrainingError

if TYPE_CHECKING:
    from torch import Tensor

FLOW = "flow"


def prediction(schedule: Any) -> str:
    """What the base predicts: "epsilon", "v_prediction" or "flow"; raises `TrainingError` for others."""
    kind = str(getattr(schedule.config, "prediction_type", FLOW))
    if kind not in ("epsilon", "v_prediction", FLOW):
        raise TrainingError(
            f"This base model cannot be trained, because it predicts “{kind}”",
            remedy="Choose one that predicts epsilon, v or flow, as nearly all do.",
        )
    return kind


def with_zero_terminal_snr(schedule: Any) -> Any:
    """The schedule rescaled so that its last timestep is pure noise (Lin et al., arXiv 2305.08891).

    Raises `SettingsError` for a base that cannot learn from pure noise: one that predicts the noise
    would only repeat what it is shown.
    """
    if prediction(schedule) != "v_prediction":
        raise SettingsError(
            "Zero-terminal SNR does not suit this base model",
            why="Only a model that predicts v can learn from pure noise",
            remedy="Turn it off.",
            field="zero_terminal_snr",
        )
    return type(schedule).from_config(schedule.config, rescale_betas_zero_snr=True)


def noisy(schedule: Any, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """Latents with the noise of their timesteps: √ᾱ x + √(1-ᾱ) ε, or (1-σ) x + σ ε."""
    if prediction(schedule) == FLOW:
        share = sigmas(schedule, timesteps, latents)
        return (1 - share) * latents + share * noise
    shown: Tensor = schedule.add_noise(latents, noise, timesteps)
    return shown


def target(schedule: Any, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
    """What the denoiser should say, shaped as the latents; raises `TrainingError`.

    The noise (Ho et al., arXiv 2006.11239), v = √ᾱ ε - √(1-ᾱ) x (Salimans and Ho, arXiv
    2202.00512), or the velocity of a straight flow, ε - x (Esser et al., arXiv 2403.03206).
    """
    match prediction(schedule):
        case "epsilon":
            return noise
        case "v_prediction":
            velocity: Tensor = schedule.get_velocity(latents, noise, timesteps)
            return velocity
        case _:
            return noise - latents


def spoken(schedule: Any, timesteps: Tensor) -> Tensor:
    """The timesteps as the denoiser is told them: a flow's are 1000 σ."""
    return timesteps + 1 if prediction(schedule) == FLOW else timesteps


def sigmas(schedule: Any, timesteps: Tensor, like: Tensor) -> Tensor:
    """The share of noise of a flow's timesteps, shaped to multiply `like`."""
    steps: int = schedule.config.num_train_timesteps
    share = (timesteps.to(like.device) + 1).to(like.dtype) / steps
    return share.reshape(-1, *(1 for _ in like.shape[1:]))
