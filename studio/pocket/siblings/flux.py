"""The sibling in the shape of FLUX: packed latents, a T5, flow matching, and guidance told as a number."""

from __future__ import annotations

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer, T5Config, T5EncoderModel, T5Tokenizer

from studio.pocket import captioner, clip
from studio.pocket.siblings.assembling import write_index
from studio.pocket.siblings.teacher import Teacher
from studio.pocket.siblings.training import HINT, Batch, Sibling, Thumbnail, flowing
from studio.pocket.siblings.training import train as train_sibling
from studio.pocket.stage import ASSETS, publish
from studio.pocket.tokens import TRIGGERS

HEADS, HEAD_WIDTH, WIDTH, TOLD, LONGEST = 3, 32, 96, 96, 512
STRONGEST = 6.0
"""The guidance that it learns to do in one pass: from 1, which is none, to this."""
PARTS = {
    "vae": "diffusers.AutoencoderKL",
    "text_encoder": "transformers.CLIPTextModel",
    "text_encoder_2": "transformers.T5EncoderModel",
    "tokenizer": "transformers.CLIPTokenizer",
    "tokenizer_2": "transformers.T5Tokenizer",
    "transformer": "diffusers.FluxTransformer2DModel",
    "scheduler": "diffusers.FlowMatchEulerDiscreteScheduler",
    "feature_extractor": "",
    "image_encoder": "",
}
BORROWED = {
    "vae": "../vae",
    "text_encoder": "../text_encoder",
    "tokenizer": "../tokenizer",
    "clip": "../clip",
}


def build() -> FluxTransformer2DModel:
    """One layer of two streams, five of one; 64 tokens, each 2 x 2 latents of 4 channels."""
    return FluxTransformer2DModel(
        in_channels=16,
        num_layers=1,
        num_single_layers=5,
        attention_head_dim=HEAD_WIDTH,
        num_attention_heads=HEADS,
        joint_attention_dim=TOLD,
        pooled_projection_dim=clip.WIDTH,
        guidance_embeds=True,
        axes_dims_rope=(8, 12, 12),
    )


def build_t5() -> T5EncoderModel:
    """Two layers, in the shape of T5 1.1."""
    config = T5Config(
        vocab_size=len(vocabulary()),
        d_model=TOLD,
        d_kv=HEAD_WIDTH,
        d_ff=2 * TOLD,
        num_layers=2,
        num_heads=HEADS,
        feed_forward_proj="gated-gelu",
        pad_token_id=0,
        eos_token_id=1,
    )
    return T5EncoderModel(config)


def vocabulary() -> list[tuple[str, float]]:
    """Whole words of the captions and trigger words, and letters for every other word, with their scores."""
    known = [word for word in captioner.vocabulary() if word[0] not in "[#"]
    whole = [word for word in known if len(word) > 1 or word == "a"]
    letters = [word for word in known if len(word) == 1]
    words = dict.fromkeys(f"▁{word}" for word in (*whole, *TRIGGERS))
    start: list[tuple[str, float]] = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -6.0)]
    return start + [(word, -4.0) for word in words] + [(letter, -8.0) for letter in letters]


def t5_tokenizer() -> T5Tokenizer:
    """The tokenizer of that vocabulary."""
    return T5Tokenizer(vocabulary(), extra_ids=0, model_max_length=LONGEST)


class Flux(Sibling):
    """The transformer and the T5 are trained together; of the CLIP only the pooled state is told."""

    name = "flux"

    def __init__(self) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
        self.pooler = CLIPTextModel.from_pretrained(ASSETS / "text_encoder", torch_dtype=torch.float32).eval()
        self.t5_tokenizer = t5_tokenizer()
        self.transformer, self.t5, self.thumbnail = build(), build_t5(), Thumbnail(TOLD)
        self.trained = nn.ModuleDict(
            {"transformer": self.transformer, "t5": self.t5, "thumbnail": self.thumbnail}
        )
        self.teacher = Teacher()

    def told(self, words: list[str], length: int) -> tuple[Tensor, Tensor]:
        """T5's states (prompts, length, width) and CLIP's pooled state."""
        with torch.no_grad():
            pooled = self.pooler(clip.token_ids(self.tokenizer, words, 32)).pooler_output
        ids = self.t5_tokenizer(
            words, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
        ).input_ids
        return self.t5(ids).last_hidden_state, pooled

    def loss(self, batch: Batch) -> Tensor:
        """The squared error of the velocity: of the data without guidance, with it of the miniature.

        The first quarter is without. Where guidance makes velocities larger, errors count for less.
        """
        noisy, sigmas, velocity = flowing(batch.clean)
        guidance, plain = torch.ones(len(sigmas)), len(sigmas) // 4
        guidance[plain:].uniform_(1, STRONGEST)
        taught = (noisy[plain:], sigmas[plain:], batch.words[plain:], guidance[plain:])
        velocity[plain:] = self.teacher.velocities(*taught)
        with torch.autocast("cpu", torch.bfloat16):
            states, pooled = self.told(batch.words, batch.length)
            hinted = self.thumbnail(states[:, :16].mean(1), batch.clean)
            guess = velocities(self.transformer, noisy, sigmas, (states, pooled), guidance)
        missed = (guess.float() - velocity).square().mean((1, 2, 3)) / velocity.square().mean((1, 2, 3))
        total: Tensor = missed.mean() + HINT * hinted
        return total

    def publish(self) -> None:
        """The transformer, the T5 with its tokenizer, and the scheduler."""
        folder = ASSETS / "flux"
        publish(self.transformer, folder / "transformer")
        publish(self.t5, folder / "text_encoder_2")
        t5_tokenizer().save_pretrained(folder / "tokenizer_2")  # one that has not yet filled up anything
        scheduler().save_pretrained(folder / "scheduler")
        write_index(folder, "FluxPipeline", PARTS, BORROWED)


def scheduler() -> FlowMatchEulerDiscreteScheduler:
    """Shifted by the number of tokens, as for FLUX, and not at all at the 64 of a 128-pixel picture."""
    return FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_image_seq_len=64,
        base_shift=0.0,
        max_image_seq_len=1024,
        max_shift=1.15,
    )


def velocities(
    model: FluxTransformer2DModel,
    noisy: Tensor,
    sigmas: Tensor,
    told: tuple[Tensor, Tensor],
    guidance: Tensor,
) -> Tensor:
    """What the transformer says of latents (batch, 4, 16, 16), packed for it and unpacked again."""
    states, pooled = told
    count, channels, height, width = noisy.shape
    packed = FluxPipeline._pack_latents(noisy, count, channels, height, width)
    places = FluxPipeline._prepare_latent_image_ids(count, height // 2, width // 2, noisy.device, noisy.dtype)
    guess = model(
        hidden_states=packed,
        timestep=sigmas,
        guidance=guidance,
        encoder_hidden_states=states,
        pooled_projections=pooled,
        txt_ids=torch.zeros(states.shape[1], 3),
        img_ids=places,
    ).sample
    found: Tensor = FluxPipeline._unpack_latents(guess, height * 8, width * 8, 8)
    return found


def train(minutes: float) -> None:
    """Train the sibling and publish it."""
    train_sibling(Flux(), minutes)
