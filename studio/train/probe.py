"""The probe: a few pictures at fixed noise and timesteps, so that two looks at a model can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.train import objective
from studio.train.framing import frame_of
from studio.train.preparing import Shelf
from studio.train.prompts import Prompts

if TYPE_CHECKING:
    from torch import Tensor

    from studio.families._base import Model

LOOKS = 8
SEED = 20_260_101  # of the noise, the same for every training, so that two of them can be compared


class Probe:
    """Eight looks at the pictures of a shelf, from little noise to much, each always the same."""

    def __init__(self, model: Model, schedule: Any, shelf: Shelf, prompts: Prompts) -> None:
        self.model, self.schedule, self.shelf, self.prompts = model, schedule, shelf, prompts

    def loss(self) -> float:
        """The mean squared error without weights."""
        import torch

        with torch.no_grad():
            losses = [
                objective.loss(
                    self.model, self.schedule, latents, told, noise=noise, timesteps=timesteps, gamma=0
                ).item()
                for latents, told, noise, timesteps in map(self._look, range(LOOKS))
            ]
        return sum(losses) / LOOKS

    def answers(self) -> Tensor:
        """What the denoiser says, all in one row."""
        import torch

        said = []
        with torch.no_grad():
            for latents, told, noise, timesteps in map(self._look, range(LOOKS)):
                noisy = objective.noisy(self.schedule, latents, noise, timesteps).to(self.model.dtype)
                spoken = objective.spoken(self.schedule, timesteps)
                said.append(self.model.predict(noisy, spoken, told).float().flatten())
        return torch.cat(said)

    def _look(self, number: int) -> tuple[Tensor, Any, Tensor, Tensor]:
        import torch

        index = number % len(self.shelf.examples)
        latents = self.shelf.latents[index, False][None].to(self.model.device).float()
        steps = self.schedule.config.num_train_timesteps
        timestep = int((number + 0.5) / LOOKS * steps)
        noise = objective.draw_noise(latents, SEED, number)
        example = self.shelf.examples[index]
        told = {**self.prompts([example.caption]), **self.model.describe_frames([frame_of(example)])}
        return latents, told, noise, torch.tensor([timestep], device=latents.device)
