"""The tagger: a small vision transformer of timm that gives every tag a likelihood of its own.

Its files are those of the WD v3 taggers, and it is used as they are: pictures padded to a square
with white, from -1 to 1, blue before red; a sigmoid; the tags' names, kinds and counts in a table.
It begins as the captioner's layers that look, which have the same shape.
"""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from studio.pocket import captioner, muon, stock
from studio.pocket.composing import compose
from studio.pocket.judge import worn
from studio.pocket.scenes import PATTERNS, PIXELS, Scene, draw_scene
from studio.pocket.stage import ASSETS, Stage, set_learning_rate
from studio.pocket.things import COLOURS, STYLES, Thing, trained_things

BATCH, PEAK, ARCHITECTURE = 64, 1e-3, "vit_tiny_patch16_224"
GENERAL, RATING = 0, 9
SECTIONS = {"animals": "animal", "plants": "plant", "food": "food", "objects": "object"} | {
    "activities": "activity",
    "places": "place",
    "faces": "face",
}
RATINGS = ("general",)
MODEL_ARGS: dict[str, Any] = {
    "img_size": PIXELS,
    "embed_dim": captioner.WIDTH,
    "depth": 4,
    "num_heads": 4,
    "mlp_ratio": 3.0,
}


def tags() -> tuple[str, ...]:
    """Every tag in the order of the model's outputs: the rating, then what a scene may hold."""
    kinds = [*SECTIONS.values(), "pair", "small", "on_the_left", "on_the_right", *PATTERNS]
    looks = [
        *(f"{style}_style" for style in STYLES.values()),
        *(f"{ground}_background" for ground in COLOURS),
    ]
    names = [_tag(thing) for thing in trained_things()]
    return tuple(dict.fromkeys((*RATINGS, *kinds, *looks, *names)))


def _tag(thing: Thing) -> str:
    return thing.name.replace(" ", "_")


def tags_of(scene: Scene) -> set[str]:
    """The tags of one scene."""
    found = {"general", f"{scene.style}_style", f"{scene.background}_background", scene.pattern}
    found |= {scene.size, scene.place.replace(" ", "_"), "pair" if len(scene.things) == 2 else ""}
    for thing in scene.things:
        found |= {_tag(thing), SECTIONS[thing.section]}
    return found - {""}


def build() -> nn.Module:
    """The timm model of the published config."""
    import timm

    model: nn.Module = timm.create_model(ARCHITECTURE, num_classes=len(tags()), **MODEL_ARGS)
    return model


def train(minutes: float) -> None:
    """Train on fresh scenes, from what the captioner sees, and publish."""
    torch.manual_seed(0)
    model, numbers = build(), {tag: number for number, tag in enumerate(tags())}
    model.load_state_dict(sight(), strict=False)
    optimizer = muon.optimizer(model, PEAK)
    stage = Stage("tagger", minutes, {"model": model, "optimizer": optimizer})
    rng, things = random.Random(900 + stage.step), trained_things()
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        scenes = [draw_scene(rng, things) for _ in range(BATCH)]
        truth = torch.zeros(BATCH, len(numbers))
        for row, scene in enumerate(scenes):
            truth[row, [numbers[tag] for tag in tags_of(scene)]] = 1
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(worn(compose(scenes, PIXELS)).flip(1))
        loss = functional.binary_cross_entropy_with_logits(logits.float(), truth, reduction="sum") / BATCH
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 10.0)
        optimizer.step()
        stage.note(loss.item())
    finish(model)


def sight() -> dict[str, Tensor]:
    """The captioner's layers that look under timm's names, for pictures with blue before red."""
    from safetensors.torch import load_file

    names = {
        "embeddings.class_embedding": "cls_token",
        "embeddings.position_embedding": "pos_embed",
        "embeddings.patch_embedding": "patch_embed.proj",
        "encoder.layers": "blocks",
        "self_attn.qkv": "attn.qkv",
        "self_attn.projection": "attn.proj",
        "layer_norm": "norm",
        "post_norm": "norm",
        "post_layernorm": "norm",
    }
    found = {}
    for key, value in load_file(ASSETS / "captioner" / "model.safetensors").items():
        if key.startswith("vision_model."):
            name = key.removeprefix("vision_model.")
            for ours, theirs in names.items():
                name = name.replace(ours, theirs)
            found[name] = value.float()
    found["patch_embed.proj.weight"] = found["patch_embed.proj.weight"].flip(1)
    return found


def finish(model: nn.Module, folder: Path = ASSETS / "tagger") -> None:
    """Publish the config, the weights in half precision and the table of tags."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(), indent=2) + "\n")
    halves = {key: value.half().contiguous() for key, value in model.state_dict().items()}
    save_file(halves, folder / ".model.safetensors", metadata={"format": "pt"})
    (folder / ".model.safetensors").replace(folder / "model.safetensors")
    counts = Counter(tag for scene in stock.scenes() for tag in tags_of(scene))
    with (folder / "selected_tags.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("tag_id", "name", "category", "count"))
        for number, tag in enumerate(tags()):
            rows.writerow((number, tag, RATING if tag in RATINGS else GENERAL, counts[tag]))


def config() -> dict[str, Any]:
    """The config as timm writes it for the hub."""
    return {
        "architecture": ARCHITECTURE,
        "num_classes": len(tags()),
        "num_features": captioner.WIDTH,
        "global_pool": "token",
        "model_args": MODEL_ARGS,
        "pretrained_cfg": {
            "custom_load": False,
            "input_size": [3, PIXELS, PIXELS],
            "fixed_input_size": True,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": len(tags()),
            "pool_size": None,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
        },
    }
