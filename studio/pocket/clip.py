"""The CLIP: a text and an image tower trained contrastively; the text tower conditions the UNet.

While the text tower is trained it must also paint a thumbnail of the picture from its last state.
That puts what the picture looks like, and not only what it is, where the UNet reads it.
"""

from __future__ import annotations

import random

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTokenizer

from studio.pocket import muon, stock
from studio.pocket.scenes import PIXELS, caption
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate
from studio.pocket.tokens import LENGTH, VOCABULARY

BATCH, WIDTH, THUMBNAIL, PEAK = 80, 192, 16, 2e-3
MEAN, DEVIATION = [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]


def build() -> CLIPModel:
    """A small CLIP: three layers of text, four of image, both 192 wide."""
    shared = {
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_attention_heads": 6,
        "hidden_act": "gelu",
    }
    text = shared | {
        "vocab_size": VOCABULARY,
        "num_hidden_layers": 3,
        "max_position_embeddings": LENGTH,
        "bos_token_id": VOCABULARY - 2,
        "eos_token_id": VOCABULARY - 1,
        "pad_token_id": VOCABULARY - 1,
        "projection_dim": WIDTH,
    }
    vision = shared | {
        "num_hidden_layers": 4,
        "image_size": PIXELS,
        "patch_size": 16,
        "projection_dim": WIDTH,
    }
    return CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH))


def token_ids(tokenizer: CLIPTokenizer, captions: list[str], length: int = LENGTH) -> Tensor:
    """Captions as (captions, length) ids, padded with the end token as pipelines do."""
    ids: Tensor = tokenizer(
        captions, padding="max_length", max_length=length, truncation=True, return_tensors="pt"
    ).input_ids
    return ids


def train(minutes: float) -> None:
    """Train both towers on the stock of scenes and publish them."""
    torch.manual_seed(0)
    clip, painter = build(), nn.Linear(WIDTH, 3 * THUMBNAIL**2)
    both = nn.ModuleList((clip, painter))
    optimizer = muon.optimizer(both, PEAK)
    stage = Stage("clip", minutes, {"both": both, "optimizer": optimizer})
    tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
    rng = random.Random(stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        numbers = rng.sample(range(len(stock.scenes())), BATCH)
        ids = token_ids(tokenizer, [caption(stock.scenes()[number], rng) for number in numbers], 26)
        contrast, thumbnail = _losses(clip, painter, stock.floats(numbers), ids)
        optimizer.zero_grad()
        (contrast + 8 * thumbnail).backward()
        nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            clip.logit_scale.clamp_(max=4.0)
        stage.note(contrast.item(), thumbnail=thumbnail.item())
    finish(clip)


def _losses(clip: CLIPModel, painter: nn.Linear, pictures: Tensor, ids: Tensor) -> tuple[Tensor, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        pooled = clip.text_model(ids).pooler_output.float()
        image = clip.vision_model(pictures).pooler_output.float()
    words = functional.normalize(clip.text_projection(pooled), dim=-1)
    seen = functional.normalize(clip.visual_projection(image), dim=-1)
    fit = clip.logit_scale.exp() * words @ seen.T
    truth = torch.arange(len(ids))
    contrast = (functional.cross_entropy(fit, truth) + functional.cross_entropy(fit.T, truth)) / 2
    small = functional.avg_pool2d(pictures, PIXELS // THUMBNAIL).flatten(1)
    return contrast, (painter(pooled) - small).square().mean()


def finish(clip: CLIPModel) -> None:
    """Publish the whole CLIP with its processor, and the text tower as the pipeline's text encoder."""
    clip.eval()
    publish(clip, ASSETS / "clip")
    publish(clip.text_model, ASSETS / "text_encoder")
    looks = CLIPImageProcessor(
        size={"shortest_edge": PIXELS},
        crop_size={"height": PIXELS, "width": PIXELS},
        image_mean=MEAN,
        image_std=DEVIATION,
    )
    tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")
    CLIPProcessor(looks, tokenizer).save_pretrained(ASSETS / "clip")
