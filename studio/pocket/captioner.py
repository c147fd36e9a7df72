"""The captioner: a small BLIP that says what is in a picture, in which style, on which background."""

from __future__ import annotations

import random
import string
from dataclasses import replace

import torch
from torch import Tensor, nn
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessor,
    BlipProcessor,
)

from studio.pocket import muon
from studio.pocket.clip import DEVIATION, MEAN
from studio.pocket.composing import compose
from studio.pocket.scenes import PIXELS, Scene, draw_scene, sentence
from studio.pocket.stage import ASSETS, Stage, publish, set_learning_rate
from studio.pocket.tags import Head
from studio.pocket.things import SECTIONS, all_things, trained_things, unnamed_things

BATCH, WIDTH, LENGTH, PEAK, HINT = 64, 128, 28, 2e-3, 0.1
UNNAMED = 0.15
"""The share of known things that are only called by their kind, so that the unknown are, too."""
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]")
PHRASES = (
    "a an and small on the left right in flat glossy bold high contrast style background dotted striped "
    "white black gray red orange yellow green teal blue purple pink brown picture of"
)


def vocabulary() -> dict[str, int]:
    """Whole words of the captions, and letters for every other word."""
    letters = string.ascii_lowercase + string.digits + string.punctuation
    names = [word for thing in all_things() for word in thing.name.replace("-", " ").split()]
    words = [
        *SPECIAL,
        *PHRASES.split(),
        *sorted(set(names)),
        *letters,
        *(f"##{letter}" for letter in letters),
        *("kind", *SECTIONS.values()),
    ]
    return {word: number for number, word in enumerate(dict.fromkeys(words))}


def processor() -> BlipProcessor:
    """The processor that real BLIP models have: pictures to 128 pixels, words to ids."""
    looks = BlipImageProcessor(size={"height": PIXELS, "width": PIXELS}, image_mean=MEAN, image_std=DEVIATION)
    return BlipProcessor(looks, BertTokenizer(vocabulary(), bos_token="[DEC]", model_max_length=LENGTH))


def build() -> BlipForConditionalGeneration:
    """Four layers that look, two that speak."""
    ids = vocabulary()
    shared = {"hidden_size": WIDTH, "intermediate_size": 3 * WIDTH, "num_attention_heads": 4}
    text = shared | {
        "vocab_size": len(ids),
        "encoder_hidden_size": WIDTH,
        "num_hidden_layers": 2,
        "max_position_embeddings": 32,
        "bos_token_id": ids["[DEC]"],
        "eos_token_id": ids["[SEP]"],
        "sep_token_id": ids["[SEP]"],
        "pad_token_id": ids["[PAD]"],
    }
    vision = shared | {"num_hidden_layers": 4, "image_size": PIXELS, "patch_size": 16}
    config = BlipConfig(
        text_config=text, vision_config=vision, projection_dim=WIDTH, image_text_hidden_size=WIDTH
    )
    return BlipForConditionalGeneration(config)


def train(minutes: float) -> None:
    """Train on fresh scenes, on from the published weights if there are any, and publish.

    What it sees must also give the scene's tags: things come sooner from there than through a
    sentence. The head that reads them is the tagger's.
    """
    torch.manual_seed(0)
    model, head, words = _begun(), Head(WIDTH), processor().tokenizer
    both = nn.ModuleDict({"model": model, "head": head})
    optimizer = muon.optimizer(both, PEAK)
    stage = Stage("captioner", minutes, {"both": both, "optimizer": optimizer})
    rng, things = random.Random(500 + stage.step), trained_things() + unnamed_things()
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        scenes = [_partly_unnamed(draw_scene(rng, things), rng) for _ in range(BATCH)]
        ids, labels = _speech(words, [sentence(scene) for scene in scenes])
        with torch.autocast("cpu", torch.bfloat16):
            found = model(pixel_values=compose(scenes, PIXELS), input_ids=ids, labels=labels)
            untagged = head.missed(found.last_hidden_state[:, 0], scenes)
        optimizer.zero_grad()
        (found.loss + HINT * untagged).backward()
        torch.nn.utils.clip_grad_norm_(both.parameters(), 1.0)
        optimizer.step()
        stage.note(found.loss.item(), tags=untagged.item())
    finish(model)


def _partly_unnamed(scene: Scene, rng: random.Random) -> Scene:
    told = (thing.unnamed if rng.random() < UNNAMED else thing for thing in scene.things)
    return replace(scene, things=tuple(told))


def _begun() -> BlipForConditionalGeneration:
    if (ASSETS / "captioner").exists():
        known = BlipForConditionalGeneration.from_pretrained(ASSETS / "captioner", torch_dtype=torch.float32)
        known.resize_token_embeddings(len(vocabulary()))
        return known.train()
    return build()


def _speech(words: BertTokenizer, captions: list[str]) -> tuple[Tensor, Tensor]:
    read = words(captions, padding=True, truncation=True, max_length=LENGTH, return_tensors="pt")
    ids = read.input_ids
    ids[:, 0] = words.bos_token_id
    return ids, ids.masked_fill(read.attention_mask == 0, -100)


def finish(model: BlipForConditionalGeneration) -> None:
    """Publish the captioner with its processor."""
    publish(model.eval(), ASSETS / "captioner")
    processor().save_pretrained(ASSETS / "captioner")
