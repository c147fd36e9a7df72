"""The miniature as a teacher: the velocity of a straight flow that its UNet would give, under guidance."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from studio.pocket import clip
from studio.pocket.stage import ASSETS
from studio.pocket.unet import ALPHAS


class Teacher:
    """The published UNet and its text tower; where data say one picture of many, it says their mean.

    So a small model learns from it sooner than from the data, and guidance with it (as in Meng et al.,
    arXiv 2210.03142).
    """

    def __init__(self) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
        self.tower = CLIPTextModel.from_pretrained(ASSETS / "text_encoder", torch_dtype=torch.float32).eval()
        unet = UNet2DConditionModel.from_pretrained(ASSETS / "unet", torch_dtype=torch.float32).eval()
        self.unet = unet.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def velocities(
        self, noisy: Tensor, sigmas: Tensor, words: list[str], guidance: Tensor | None = None
    ) -> Tensor:
        """Noise minus picture of latents (batch, 4, 16, 16) that are (1 - sigma) picture + sigma noise.

        `sigmas` and `guidance`, if there is any, are (batch,).
        """
        length = (1 - sigmas).hypot(sigmas)
        kept, share = ((1 - sigmas) / length).view(-1, 1, 1, 1), (sigmas / length).view(-1, 1, 1, 1)
        scaled, timesteps = noisy / length.view(-1, 1, 1, 1), timesteps_of(kept.flatten().square())
        with torch.autocast("cpu", torch.bfloat16):
            states = self.tower(clip.token_ids(self.tokenizer, [*words, ""])).last_hidden_state.float()
            said = self.unet(scaled, timesteps, states[:-1]).sample.float()
            if guidance is not None:
                plain = self.unet(scaled, timesteps, states[-1:].expand_as(states[:-1])).sample.float()
                said = plain.lerp(said, guidance.view(-1, 1, 1, 1))
        velocity: Tensor = (share - kept) * scaled + (kept + share) * said
        return velocity


def timesteps_of(alphas: Tensor) -> Tensor:
    """Where between the 1,000 timesteps so much of the picture (batch,), squared, is left."""
    later = torch.searchsorted(-ALPHAS, -alphas).clamp(1, len(ALPHAS) - 1)
    before, after = ALPHAS[later - 1], ALPHAS[later]
    timesteps: Tensor = later - 1 + ((before - alphas) / (before - after)).clamp(0, 1)
    return timesteps
