"""The tagger: a small vision transformer of timm that gives every tag a likelihood of its own.

It is what the captioner sees with, and the head that learned tags beside it. Its files are those of
the WD v3 taggers, and it is used as they are: pictures padded to a square with white, from -1 to 1,
blue before red; a sigmoid; names, kinds and counts of the tags in a table.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.pocket import captioner, stock
from studio.pocket.icons import BUILD
from studio.pocket.scenes import PIXELS
from studio.pocket.stage import ASSETS
from studio.pocket.tags import RATINGS, tags, tags_of

ARCHITECTURE, GENERAL, RATING = "vit_tiny_patch16_224", 0, 9
MODEL_ARGS: dict[str, Any] = {
    "img_size": PIXELS,
    "embed_dim": captioner.WIDTH,
    "depth": 4,
    "num_heads": 4,
    "mlp_ratio": 3.0,
}
NAMES = {
    "embeddings.class_embedding": "cls_token",
    "embeddings.position_embedding": "pos_embed",
    "embeddings.patch_embedding": "patch_embed.proj",
    "encoder.layers": "blocks",
    "self_attn.qkv": "attn.qkv",
    "self_attn.projection": "attn.proj",
    "post_layernorm": "norm",
    "layer_norm": "norm",
}


def publish(folder: Path = ASSETS / "tagger") -> None:
    """Write config, weights in half precision and the table of tags, of the captioner as it is trained."""
    from safetensors.torch import save_file

    state = torch.load(BUILD / "captioner.pt", weights_only=True)["state"]["both"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(), indent=2) + "\n")
    save_file(weights(state), folder / ".model.safetensors", metadata={"format": "pt"})
    (folder / ".model.safetensors").chmod(0o644)
    (folder / ".model.safetensors").replace(folder / "model.safetensors")
    counts = Counter(tag for scene in stock.scenes() for tag in tags_of(scene))
    with (folder / "selected_tags.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("tag_id", "name", "category", "count"))
        for number, tag in enumerate(tags()):
            rows.writerow((number, tag, RATING if tag in RATINGS else GENERAL, counts[tag]))


def weights(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of the captioner and its head of tags, what timm's model is made of, for blue before red."""
    found = {}
    for key, value in state.items():
        kind, _, name = key.partition(".")
        if kind == "head":
            found[key] = value
        elif name.startswith("vision_model."):
            name = name.removeprefix("vision_model.")
            for ours, theirs in NAMES.items():
                name = name.replace(ours, theirs)
            found[name] = value
    found["patch_embed.proj.weight"] = found["patch_embed.proj.weight"].flip(1)
    return {key: value.half().contiguous() for key, value in found.items()}


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
