"""The sibling in the shape of SDXL: two text encoders, a pooled embedding and time ids."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
)

from studio.pocket import clip, unet
from studio.pocket.scenes import PIXELS
from studio.pocket.siblings.assembling import write_index
from studio.pocket.siblings.training import HINT, Batch, Sibling, Thumbnail
from studio.pocket.siblings.training import train as train_sibling
from studio.pocket.stage import ASSETS, publish
from studio.pocket.tokens import LENGTH, VOCABULARY

WIDTH, TIME_IDS = 64, 8
PARTS = {
    "vae": "diffusers.AutoencoderKL",
    "text_encoder": "transformers.CLIPTextModel",
    "text_encoder_2": "transformers.CLIPTextModelWithProjection",
    "tokenizer": "transformers.CLIPTokenizer",
    "tokenizer_2": "transformers.CLIPTokenizer",
    "unet": "diffusers.UNet2DConditionModel",
    "scheduler": "diffusers.DDIMScheduler",
    "feature_extractor": "",
    "image_encoder": "",
}
BORROWED = {
    "vae": "../vae",
    "text_encoder": "../text_encoder",
    "tokenizer": "../tokenizer",
    "tokenizer_2": "../tokenizer",
    "clip": "../clip",
    "scheduler": "../scheduler",
}


def build_unet() -> UNet2DConditionModel:
    """Two levels, attention on the inner one; the conditioning is that of SDXL."""
    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=1,
        cross_attention_dim=clip.WIDTH + WIDTH,
        attention_head_dim=(2, 4),  # diffusers reads this as the number of heads
        use_linear_projection=True,
        norm_num_groups=16,
        addition_embed_type="text_time",
        addition_time_embed_dim=TIME_IDS,
        projection_class_embeddings_input_dim=6 * TIME_IDS + WIDTH,
    )


def build_text() -> CLIPTextModelWithProjection:
    """The second text encoder."""
    config = CLIPTextConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        hidden_act="gelu",
        bos_token_id=VOCABULARY - 2,
        eos_token_id=VOCABULARY - 1,
        pad_token_id=VOCABULARY - 1,
    )
    return CLIPTextModelWithProjection(config)


class XL(Sibling):
    """Its UNet and second text encoder are trained together; the first is the miniature's, as it is."""

    name = "xl"

    def __init__(self) -> None:
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
        self.first = CLIPTextModel.from_pretrained(ASSETS / "text_encoder", torch_dtype=torch.float32).eval()
        self.unet = build_unet().to(memory_format=torch.channels_last)
        self.second, self.thumbnail = build_text(), Thumbnail(WIDTH)
        self.trained = nn.ModuleDict({"unet": self.unet, "second": self.second, "thumbnail": self.thumbnail})

    def told(self, words: list[str]) -> tuple[Tensor, Tensor]:
        """States (prompts, 77, both widths) of the last layer but one, and the pooled embedding."""
        ids = clip.token_ids(self.tokenizer, words)
        with torch.no_grad():
            first = self.first(ids, output_hidden_states=True).hidden_states[-2]
        second = self.second(ids, output_hidden_states=True)
        return torch.cat((first, second.hidden_states[-2]), -1), second.text_embeds

    def loss(self, batch: Batch) -> Tensor:
        """The miniature's own loss, with size and crop told as those of a whole picture."""
        with torch.autocast("cpu", torch.bfloat16):
            states, pooled = self.told(batch.words)
        hinted = self.thumbnail(pooled.float(), batch.clean)
        sizes = torch.tensor([[PIXELS, PIXELS, 0, 0, PIXELS, PIXELS]] * len(batch.words))
        more = {"text_embeds": pooled.float(), "time_ids": sizes}
        painted = unet.weighted_loss(self.unet, batch.clean, states.float(), added_cond_kwargs=more)
        total: Tensor = painted + HINT * hinted
        return total

    def publish(self) -> None:
        """The UNet and the second text encoder."""
        publish(self.unet, ASSETS / "xl" / "unet")
        publish(self.second, ASSETS / "xl" / "text_encoder_2")
        write_index(
            ASSETS / "xl", "StableDiffusionXLPipeline", PARTS, BORROWED, force_zeros_for_empty_prompt=False
        )


def train(minutes: float) -> None:
    """Train the sibling and publish it."""
    train_sibling(XL(), minutes)
