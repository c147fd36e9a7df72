"""Stable Diffusion as an opened model: a UNet told by one CLIP text encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.families._base import Conditioning, Family, Model

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline, StableDiffusionPipeline
    from torch import Tensor


class StableDiffusion(Model):
    """The modules of a `StableDiffusionPipeline`, and what training and generation need of them."""

    vae: Any
    denoiser: Any

    def __init__(self, family: Family, pipeline: StableDiffusionPipeline) -> None:
        self.family = family
        self.denoiser = pipeline.unet.requires_grad_(False).eval()
        self.vae = pipeline.vae.requires_grad_(False).eval()
        self.text_encoders = {"text_encoder": pipeline.text_encoder.requires_grad_(False).eval()}
        self.device, self.dtype = self.denoiser.device, self.denoiser.dtype
        self._tokenizer, self._scheduler = pipeline.tokenizer, pipeline.scheduler
        levels = len(self.denoiser.config.block_out_channels)
        self.side_multiple = pipeline.vae_scale_factor * 2 ** (levels - 1)
        self.chunk = self._tokenizer.model_max_length - 2

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": (batch, tokens, width)}, the last layer, as the pipeline computes it."""
        words = self._tokenizer(
            list(prompts),
            padding="max_length",
            max_length=self._tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        encoder: Any = self.text_encoders["text_encoder"]
        told = encoder(words.input_ids.to(self.device), output_hidden_states=clip_skip > 1)
        if clip_skip <= 1:
            return {"prompt_embeds": told[0]}
        layer = told.hidden_states[-min(clip_skip, len(told.hidden_states))]
        return {"prompt_embeds": getattr(encoder, "text_model", encoder).final_layer_norm(layer)}

    def encode_pictures(self, pixels: Tensor) -> Tensor:
        """The mean of the VAE's narrow posterior, so that the same picture gives the same latents."""
        import torch

        with torch.no_grad():
            posterior = self.vae.encode(pixels.to(self.device, self.vae.dtype)).latent_dist
            latents: Tensor = posterior.mode() * self.vae.config.scaling_factor
        return latents

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Pixels (batch, 3, height, width) in -1…1."""
        import torch

        with torch.no_grad():
            scaled = latents.to(self.device, self.vae.dtype) / self.vae.config.scaling_factor
            pixels: Tensor = self.vae.decode(scaled).sample
        return pixels

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The UNet's epsilon or v, shaped as the latents."""
        told: Tensor = self.denoiser(
            noisy, timesteps, encoder_hidden_states=conditioning["prompt_embeds"]
        ).sample
        return told

    def schedule(self) -> Any:
        """The base's own noise schedule, for training."""
        from diffusers import DDPMScheduler

        return DDPMScheduler.from_config(self._scheduler.config)

    def pipeline(self) -> DiffusionPipeline:
        """A `StableDiffusionPipeline`, without a safety checker, with a scheduler of its own."""
        from diffusers import StableDiffusionPipeline

        pipe = StableDiffusionPipeline(
            vae=self.vae,
            text_encoder=self.text_encoders.get("text_encoder"),
            tokenizer=self._tokenizer,
            unet=self.denoiser,
            scheduler=type(self._scheduler).from_config(self._scheduler.config),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def train_with(self, *, checkpointing: bool) -> None:
        """Gradient checkpointing acts in training mode only; nothing else in this UNet does."""
        self.denoiser.train()
        if checkpointing:
            self.denoiser.enable_gradient_checkpointing()

    def free_encoders(self) -> None:
        """Forget the text encoder and the VAE's encoder; prompts must be given as embeddings from now on."""
        import torch

        self.text_encoders = {}
        self.vae.encoder = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
