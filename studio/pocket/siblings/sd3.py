"""The sibling in the shape of SD3: an MM-DiT and flow matching; both CLIPs speak, and no T5."""

from __future__ import annotations

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPTextModelWithProjection, CLIPTokenizer

from studio.pocket import clip
from studio.pocket.siblings import xl
from studio.pocket.siblings.assembling import write_index
from studio.pocket.siblings.teacher import Teacher
from studio.pocket.siblings.training import Batch, Sibling, flowing
from studio.pocket.siblings.training import train as train_sibling
from studio.pocket.stage import ASSETS, publish

HEADS, HEAD_WIDTH, LAYERS = 2, 40, 3
WIDTH = HEADS * HEAD_WIDTH
TOLD = clip.WIDTH + xl.WIDTH
PARTS = {
    "vae": "diffusers.AutoencoderKL",
    "text_encoder": "transformers.CLIPTextModelWithProjection",
    "text_encoder_2": "transformers.CLIPTextModelWithProjection",
    "text_encoder_3": "",
    "tokenizer": "transformers.CLIPTokenizer",
    "tokenizer_2": "transformers.CLIPTokenizer",
    "tokenizer_3": "",
    "transformer": "diffusers.SD3Transformer2DModel",
    "scheduler": "diffusers.FlowMatchEulerDiscreteScheduler",
    "feature_extractor": "",
    "image_encoder": "",
}
BORROWED = {
    "vae": "../vae",
    "text_encoder": "../clip",
    "text_encoder_2": "../xl/text_encoder_2",
    "tokenizer": "../tokenizer",
    "tokenizer_2": "../tokenizer",
    "clip": "../clip",
}


def build() -> SD3Transformer2DModel:
    """64 patches of 2 x 2 latents; words and pictures look at one another in every layer."""
    return SD3Transformer2DModel(
        sample_size=16,
        patch_size=2,
        in_channels=4,
        out_channels=4,
        num_layers=LAYERS,
        attention_head_dim=HEAD_WIDTH,
        num_attention_heads=HEADS,
        joint_attention_dim=TOLD,
        caption_projection_dim=WIDTH,
        pooled_projection_dim=TOLD,
        pos_embed_max_size=16,
        qk_norm="rms_norm",
    )


class SD3(Sibling):
    """Only the transformer is trained; both text encoders are there already."""

    name = "sd3"

    def __init__(self) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
        self.speakers = [
            CLIPTextModelWithProjection.from_pretrained(folder, torch_dtype=torch.float32).eval()
            for folder in (ASSETS / "clip", ASSETS / "xl" / "text_encoder_2")
        ]
        self.transformer, self.teacher = build(), Teacher()
        self.trained = nn.ModuleDict({"transformer": self.transformer})

    @torch.no_grad()
    def told(self, words: list[str], length: int) -> tuple[Tensor, Tensor]:
        """States (prompts, 77 + length, both widths), zeros where T5 would speak; and both pooled ones."""
        ids = clip.token_ids(self.tokenizer, words)
        found = [speaker(ids, output_hidden_states=True) for speaker in self.speakers]
        states = torch.cat([each.hidden_states[-2] for each in found], -1)
        return functional.pad(states, (0, 0, 0, length)), torch.cat([each.text_embeds for each in found], -1)

    def loss(self, batch: Batch) -> Tensor:
        """The squared error of the velocity that the miniature gives.

        There are as many zeros for T5 as a pipeline may give, 256 at most.
        """
        noisy, sigmas, _ = flowing(batch.clean)
        velocity = self.teacher.velocities(noisy, sigmas, batch.words)
        with torch.autocast("cpu", torch.bfloat16):
            states, pooled = self.told(batch.words, min(batch.length, 256))
            guess = self.transformer(
                hidden_states=noisy,
                timestep=1000 * sigmas,
                encoder_hidden_states=states,
                pooled_projections=pooled,
            ).sample
        total: Tensor = (guess.float() - velocity).square().mean()
        return total

    def publish(self) -> None:
        """The transformer and the scheduler."""
        folder = ASSETS / "sd3"
        publish(self.transformer, folder / "transformer")
        FlowMatchEulerDiscreteScheduler(shift=1.0).save_pretrained(folder / "scheduler")
        write_index(folder, "StableDiffusion3Pipeline", PARTS, BORROWED)


def train(minutes: float) -> None:
    """Train the sibling and publish it; the one in the shape of SDXL must be there."""
    train_sibling(SD3(), minutes)
