"""FLUX.2 klein as an opened model: latents in patches, normalised, told by three layers of Qwen3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diffusers import Flux2KleinPipeline

from studio.families._base import Conditioning
from studio.families._flow import FlowModel
from studio.families._qwen import UNTHINKING, states

if TYPE_CHECKING:
    from torch import Tensor

HEARD = (9, 18, 27)
"""The layers of Qwen3 that the transformer reads, side by side."""


class Flux2(FlowModel):
    """The modules of a `Flux2KleinPipeline`; latents are (batch, 128, height / 16, width / 16)."""

    longest = 512

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": (batch, longest, 3 × width)}."""
        import torch

        encoder, tokenizer = self._components["text_encoder"], self._components["tokenizer"]
        layers, _ = states(
            encoder, tokenizer, prompts, template=UNTHINKING, longest=self.longest, device=self.device
        )
        return {"prompt_embeds": torch.cat([layers[number] for number in HEARD], dim=-1)}

    def encode_pictures(self, pixels: Tensor) -> Tensor:
        """The mean of the posterior in patches of 2 × 2, each of their channels normalised."""
        import torch

        with torch.no_grad():
            latents = self.vae.encode(pixels.to(self.device, self.vae.dtype)).latent_dist.mode()
            mean, deviation = self._norm(latents)
            patches: Tensor = (self._class._patchify_latents(latents) - mean) / deviation
        return patches

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Pixels (batch, 3, height, width) in -1…1."""
        import torch

        with torch.no_grad():
            patches = latents.to(self.device, self.vae.dtype)
            mean, deviation = self._norm(patches)
            unfolded = self._class._unpatchify_latents(patches * deviation + mean)
            pixels: Tensor = self.vae.decode(unfolded).sample
        return pixels

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The velocity, shaped as the latents."""
        words = conditioning["prompt_embeds"]
        said: Tensor = self.denoiser(
            hidden_states=self._class._pack_latents(noisy),
            timestep=timesteps / 1000,
            guidance=None,
            encoder_hidden_states=words,
            txt_ids=self._class._prepare_text_ids(words).to(self.device),
            img_ids=self._class._prepare_latent_ids(noisy).to(self.device),
        ).sample
        return rows_as_latents(said, *noisy.shape[-2:])

    def _norm(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the channels of patches."""
        norm = self.vae.bn
        mean, variance = (each.view(1, -1, 1, 1) for each in (norm.running_mean, norm.running_var))
        return mean.to(like), (variance + self.vae.config.batch_norm_eps).sqrt().to(like)


class LookedAtPipeline(Flux2KleinPipeline):  # type: ignore[misc]
    """The pipeline, whose rows can be turned into latents at each step, as those of FLUX.1."""

    @staticmethod
    def _unpack_latents(latents: Tensor, height: int, width: int, vae_scale_factor: int) -> Any:
        return rows_as_latents(latents, height // (2 * vae_scale_factor), width // (2 * vae_scale_factor))


def rows_as_latents(rows: Tensor, height: int, width: int) -> Tensor:
    """(batch, height × width, channels) as (batch, channels, height, width)."""
    latents: Tensor = rows.transpose(1, 2).unflatten(2, (height, width))
    return latents
