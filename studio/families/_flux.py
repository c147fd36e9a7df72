"""FLUX.1 as an opened model: latents packed two by two, told by T5 and CLIP's pooled state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.families._base import Conditioning
from studio.families._flow import FlowModel

if TYPE_CHECKING:
    from torch import Tensor


class Flux(FlowModel):
    """The modules of a `FluxPipeline`."""

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": T5's (batch, tokens, width), "pooled_prompt_embeds": CLIP's (batch, width)}."""
        pipe: Any = self.pipeline()
        told = pipe.encode_prompt(
            prompt=list(prompts),
            prompt_2=None,
            device=self.device,
            max_sequence_length=self.longest_prompt,
        )
        return {"prompt_embeds": told[0], "pooled_prompt_embeds": told[1]}

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The velocity, shaped as the latents; a model that is told of guidance is told 1, as in training."""
        import torch

        count, channels, height, width = noisy.shape
        words = conditioning["prompt_embeds"]
        ones = torch.ones(count, device=self.device)
        said = self.denoiser(
            hidden_states=self._class._pack_latents(noisy, count, channels, height, width),
            timestep=timesteps / 1000,
            guidance=ones if self.denoiser.config.guidance_embeds else None,
            encoder_hidden_states=words,
            pooled_projections=conditioning["pooled_prompt_embeds"],
            txt_ids=torch.zeros(words.shape[1], 3, device=self.device, dtype=noisy.dtype),
            img_ids=self._class._prepare_latent_image_ids(
                count, height // 2, width // 2, self.device, noisy.dtype
            ),
        ).sample
        unpacked: Tensor = self._class._unpack_latents(said, height, width, 1)
        return unpacked
