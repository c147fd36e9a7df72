"""SDXL as an opened model: a UNet told by two CLIP text encoders, and of the sizes of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.families._base import Conditioning, Family, Frame
from studio.families._stable_diffusion import StableDiffusion

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline, StableDiffusionXLPipeline
    from torch import Tensor


class StableDiffusionXL(StableDiffusion):
    """The modules of a `StableDiffusionXLPipeline`, and what training and generation need of them.

    In float16 a VAE that its configuration does not call safe works in float32.
    """

    def __init__(self, family: Family, pipeline: StableDiffusionXLPipeline) -> None:
        import torch

        super().__init__(family, pipeline)
        self.text_encoders = {
            **self.text_encoders,
            "text_encoder_2": pipeline.text_encoder_2.requires_grad_(False).eval(),
        }
        self._tokenizer_2 = pipeline.tokenizer_2
        self._zeros = bool(pipeline.config.force_zeros_for_empty_prompt)
        if self.vae.dtype == torch.float16 and self.vae.config.force_upcast:
            self._widen_vae()

    def encode_prompts(self, prompts: Sequence[str], *, clip_skip: int = 0) -> Conditioning:
        """{"prompt_embeds": (batch, tokens, both widths), "pooled_prompt_embeds": (batch, width)}.

        The last layer but one of both encoders, or one before it; pooled is the second one's projected last
        (Podell et al., arXiv 2307.01952, section 2.1).
        """
        import torch

        first = self._states("text_encoder", self._tokenizer, prompts)
        second = self._states("text_encoder_2", self._tokenizer_2, prompts)
        layers = (
            each.hidden_states[-min(max(2, clip_skip), len(each.hidden_states))] for each in (first, second)
        )
        states = torch.cat(tuple(layers), dim=-1)
        return {"prompt_embeds": states, "pooled_prompt_embeds": second.text_embeds}

    def describe_frames(self, frames: Sequence[Frame]) -> Conditioning:
        """{"time_ids": (batch, 6)}: height and width before, top and left of the crop, height and width.

        Podell et al., arXiv 2307.01952, section 2.2.
        """
        import torch

        rows = [(*each.original[::-1], *each.corner[::-1], *each.size[::-1]) for each in frames]
        return {"time_ids": torch.tensor(rows, dtype=torch.float32, device=self.device)}

    def predict(self, noisy: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """The UNet's epsilon or v; a picture of which no frame is told is a whole one."""
        told = dict(conditioning)
        if "time_ids" not in told:
            pixels = 2 ** (len(self.vae.config.block_out_channels) - 1)
            size = (noisy.shape[-1] * pixels, noisy.shape[-2] * pixels)
            told |= self.describe_frames([Frame(size, (0, 0), size)] * len(noisy))
        said: Tensor = self.denoiser(
            noisy,
            timesteps,
            encoder_hidden_states=told["prompt_embeds"],
            added_cond_kwargs={"text_embeds": told["pooled_prompt_embeds"], "time_ids": told["time_ids"]},
        ).sample
        return said

    def pipeline(self) -> DiffusionPipeline:
        """A `StableDiffusionXLPipeline` without a watermark, with a scheduler of its own."""
        from diffusers import StableDiffusionXLPipeline

        pipe = StableDiffusionXLPipeline(
            vae=self.vae,
            text_encoder=self.text_encoders.get("text_encoder"),
            text_encoder_2=self.text_encoders.get("text_encoder_2"),
            tokenizer=self._tokenizer,
            tokenizer_2=self._tokenizer_2,
            unet=self.denoiser,
            scheduler=type(self._scheduler).from_config(self._scheduler.config),
            force_zeros_for_empty_prompt=self._zeros,
            add_watermarker=False,
        )
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def _states(self, part: str, tokenizer: Any, prompts: Sequence[str]) -> Any:
        words = tokenizer(
            list(prompts),
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        return self.text_encoders[part](words.input_ids.to(self.device), output_hidden_states=True)

    def _widen_vae(self) -> None:
        """Put the VAE into float32; it takes latents of any precision, as pipelines pass them."""
        import torch

        decode = self.vae.to(torch.float32).decode
        self.vae.decode = lambda latents, *given, **named: decode(latents.float(), *given, **named)
