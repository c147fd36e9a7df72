"""Taggers in the layout of the WD taggers v3: a timm model, and a list of the tags it knows."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from studio.caption.captioners._base import Captioner, OpenedModel, Speed
from studio.caption.captioners._hub import from_hub
from studio.caption.captioners._opening import opening
from studio.caption.captioners._timm import load_timm

if TYPE_CHECKING:
    import torch

    from studio.caption.settings import CaptionSettings
    from studio.jobs.context import Context

GENERAL, CHARACTER, RATING = "0", "4", "9"  # categories of Danbooru, as selected_tags.csv has them
READS = frozenset({"general_threshold", "character_threshold", "leave_out", "rating", "spaces", "escape"})
Label = tuple[str, str]
"""A tag and its category."""


class OpenedTagger(OpenedModel):
    """A tagger, opened from a folder with config.json, model.safetensors and selected_tags.csv."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        from studio.models.opening import best_precision, precision

        self.device = device
        with opening(folder):
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.labels = read_labels(folder / "selected_tags.csv")
            self.model = _model(config, folder / "model.safetensors", len(self.labels))
            told = config["pretrained_cfg"]
            self.side = int(told["input_size"][-1])
            self.mean, self.std = tuple(told["mean"]), tuple(told["std"])
        self.dtype = precision(best_precision(device))
        self.model = self.model.to(device, self.dtype).eval()

    def caption(self, images: list[Image.Image], settings: CaptionSettings) -> list[str]:
        """The tags of each image that the model is sure enough of."""
        import torch

        pixels = prepared(images, self.side, self.mean, self.std)
        with torch.inference_mode():
            logits = self.model(pixels.to(self.device, self.dtype))
        probabilities: list[list[float]] = torch.sigmoid(logits.float()).tolist()
        return [chosen(self.labels, sure, settings) for sure in probabilities]


def _model(config: dict[str, object], weights: Path, count: int) -> torch.nn.Module:
    """timm's model of this config with these weights; raises `ValueError` where they do not fit it."""
    from safetensors.torch import load_file

    arguments = config.get("model_args") or {}
    assert isinstance(arguments, dict)
    model: torch.nn.Module = load_timm().create_model(
        config["architecture"], pretrained=False, num_classes=count, **arguments
    )
    try:
        model.load_state_dict(load_file(weights))
    except RuntimeError as fault:
        raise ValueError("the weights are those of another model") from fault
    return model


def read_labels(file: Path) -> list[Label]:
    """The tags and their categories, in the order of the model's outputs."""
    with file.open(encoding="utf-8", newline="") as rows:
        return [(row["name"], row["category"]) for row in csv.DictReader(rows)]


def prepared(
    images: Sequence[Image.Image], side: int, mean: Sequence[float], std: Sequence[float]
) -> torch.Tensor:
    """Images as these models were taught: on a white square, blue before red, normalised.

    Shape (image, 3, side, side), float32.
    """
    import numpy as np
    import torch

    squares = [np.asarray(_square(image, side), dtype=np.float32) / 255 for image in images]
    values = (np.stack(squares)[..., ::-1] - np.asarray(mean, np.float32)) / np.asarray(std, np.float32)
    return torch.from_numpy(values.transpose(0, 3, 1, 2).copy())


def _square(image: Image.Image, side: int) -> Image.Image:
    longer = max(image.size)
    square = Image.new("RGB", (longer, longer), "white")
    square.paste(image, ((longer - image.width) // 2, (longer - image.height) // 2))
    return square.resize((side, side), Image.Resampling.BICUBIC)


def chosen(labels: Sequence[Label], sure: Sequence[float], settings: CaptionSettings) -> str:
    """The caption: characters, then what is to be seen, each from the surest down; the rating on wish."""
    ranked = sorted(zip(labels, sure, strict=True), key=lambda one: -one[1])
    unwanted = {_plain(tag) for tag in settings.leave_out.split(",")}

    def of(category: str, threshold: float) -> Iterable[str]:
        return (tag for (tag, kind), p in ranked if kind == category and p >= threshold)

    tags = [
        *of(CHARACTER, settings.character_threshold),
        *of(GENERAL, settings.general_threshold),
        *(list(of(RATING, 0.0))[:1] if settings.rating else ()),
    ]
    return ", ".join(written(tag, settings) for tag in tags if _plain(tag) not in unwanted)


def written(tag: str, settings: CaptionSettings) -> str:
    """A tag as the person wants it; the underscores of a face such as ^_^ stay."""
    is_face = re.search(r"[^\W_]{2}", tag) is None
    if settings.spaces and not is_face:
        tag = tag.replace("_", " ")
    return re.sub(r"([()])", r"\\\1", tag) if settings.escape else tag


def _plain(tag: str) -> str:
    return tag.strip().replace("_", " ").replace("\\", "").casefold()


@dataclass(frozen=True)
class HubTagger(Captioner):
    """A WD tagger from the model hub."""

    name: str
    title: str
    about: str
    hub_id: str
    download_bytes: int
    memory_bytes: int
    order: int
    licence: str = "Apache-2.0"
    speed: Speed = "quick"
    reads: frozenset[str] = READS

    def open(self, device: torch.device, context: Context, settings: CaptionSettings) -> OpenedTagger:
        """Open it, after its download the first time; raises `ModelError`, `Offline`."""
        return OpenedTagger(from_hub(self.hub_id, "main", context), device)
