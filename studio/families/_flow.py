"""Models whose denoiser is a transformer and whose noise is a straight flow, as opened models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.families._base import Conditioning, Family, Model
from studio.families._tables import keep_table_off

if TYPE_CHECKING:
    from collections.abc import Iterable

    from diffusers import DiffusionPipeline
    from torch import Tensor, nn


class FlowModel(Model):
    """The modules of a diffusers pipeline with a `transformer`; families say how it is told of prompts."""

    vae: Any
    denoiser: Any

    def __init__(self, family: Family, pipeline: Any) -> None:
        for part in pipeline.components.values():
            if hasattr(part, "requires_grad_"):
                part.requires_grad_(False).eval()
        self.family = family
        self._class, self._components = type(pipeline), dict(pipeline.components)
        self.denoiser, self.vae = pipeline.transformer, pipeline.vae
        self.text_encoders = {
            name: part for name in family.text_prefixes if (part := self._components.get(name)) is not None
        }
        self.device, self.dtype = self.denoiser.device, self.denoiser.dtype
        self.side_multiple = pipeline.vae_scale_factor * 2  # transformers see patches of 2 × 2 latents

    @property
    def longest_prompt(self) -> int:
        """Tokens that T5 reads of a prompt, its end among them."""
        return max(self.family.reads.values()) + 1

    @property
    def prompt_encoders(self) -> Iterable[nn.Module]:
        """Those that adapters change, and T5, which none does."""
        told = [name for name in self._components if name.startswith("text_encoder")]
        return [part for name in told if (part := self._components[name]) is not None]

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": (batch, tokens, width), "pooled_prompt_embeds": (batch, width)}."""
        pipe: Any = self.pipeline()
        told = pipe.encode_prompt(
            prompt=list(prompts),
            prompt_2=None,
            prompt_3=None,
            device=self.device,
            do_classifier_free_guidance=False,
            max_sequence_length=self.longest_prompt,
        )
        return {"prompt_embeds": told[0], "pooled_prompt_embeds": told[2]}

    def encode_pictures(self, pixels: Tensor) -> Tensor:
        """The mean of the VAE's posterior, moved and scaled as the denoiser expects it."""
        import torch

        with torch.no_grad():
            posterior = self.vae.encode(pixels.to(self.device, self.vae.dtype)).latent_dist
            latents: Tensor = (posterior.mode() - self._shift) * self.vae.config.scaling_factor
        return latents

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Pixels (batch, 3, height, width) in -1…1."""
        import torch

        with torch.no_grad():
            scaled = latents.to(self.device, self.vae.dtype) / self.vae.config.scaling_factor + self._shift
            pixels: Tensor = self.vae.decode(scaled).sample
        return pixels

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The flow's velocity, shaped as the latents."""
        said: Tensor = self.denoiser(
            hidden_states=noisy,
            timestep=timesteps,
            encoder_hidden_states=conditioning["prompt_embeds"],
            pooled_projections=conditioning["pooled_prompt_embeds"],
        ).sample
        return said

    def schedule(self) -> Any:
        """The base's own flow."""
        return self._fresh_scheduler()

    def pipeline(self) -> DiffusionPipeline:
        """The pipeline with a scheduler of its own."""
        pipe: DiffusionPipeline = self._class(**{**self._components, "scheduler": self._fresh_scheduler()})
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def train_with(self, *, checkpointing: bool) -> None:
        """Gradient checkpointing acts in training mode only; nothing else in these transformers does."""
        self.denoiser.train()
        keep_table_off(self.denoiser)
        if checkpointing:
            self.denoiser.enable_gradient_checkpointing()

    def free_encoders(self) -> None:
        """Forget the text encoders and the VAE's encoder; prompts must be given as embeddings from now on."""
        import torch

        self.text_encoders = {}
        for name in self._components:
            if name.startswith("text_encoder"):
                self._components[name] = None
        self.vae.encoder = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    @property
    def _shift(self) -> float:
        return float(self.vae.config.shift_factor or 0.0)

    def _fresh_scheduler(self) -> Any:
        own = self._components["scheduler"]
        return type(own).from_config(own.config)
