"""How alike pictures are, to the miniature's image tower and to the judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from studio.pocket import clip, judge
from studio.pocket.scenes import PIXELS
from studio.pocket.stage import ASSETS


class Tower:
    """The miniature's CLIP, opened once."""

    def __init__(self) -> None:
        self.clip = CLIPModel.from_pretrained(ASSETS / "clip", torch_dtype=torch.float32).eval()
        self.tokenizer = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer")

    @torch.no_grad()
    def see(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """Features of unit length by name of the eye: (pictures, width)."""
        tower = self.clip.vision_model(_pixels(pictures)).pooler_output
        return {"clip": functional.normalize(self.clip.visual_projection(tower), dim=-1)}

    @torch.no_grad()
    def fit(self, pictures: Sequence[Image.Image], words: Sequence[str]) -> float:
        """The mean cosine of each picture and its prompt."""
        pooled = self.clip.text_model(clip.token_ids(self.tokenizer, list(words))).pooler_output
        said = functional.normalize(self.clip.text_projection(pooled), dim=-1)
        return (self.see(pictures)["clip"] * said).sum(-1).mean().item()

    def likeness(
        self, pictures: Sequence[Image.Image], true: Sequence[Sequence[Image.Image]]
    ) -> dict[str, float]:
        """The mean cosine of each picture and the true ones of the same scene."""
        rows = [row for row, group in enumerate(true) for _ in group]
        seen, real = self.see(pictures), self.see([each for group in true for each in group])
        return {name: (seen[name][rows] * real[name]).sum(-1).mean().item() for name in seen}


class Eyes(Tower):
    """That tower, and the judge."""

    def __init__(self) -> None:
        super().__init__()
        self.judge = judge.load()

    @torch.no_grad()
    def see(self, pictures: Sequence[Image.Image]) -> dict[str, Tensor]:
        """Features of unit length of both."""
        seen = functional.normalize(self.judge.features(judge.look(list(pictures))), dim=-1)
        return {**super().see(pictures), "judge": seen}


def _pixels(pictures: Sequence[Image.Image]) -> Tensor:
    small = [
        np.asarray(each.convert("RGB").resize((PIXELS, PIXELS), Image.Resampling.BICUBIC))
        for each in pictures
    ]
    return torch.from_numpy(np.stack(small)).permute(0, 3, 1, 2).float() / 127.5 - 1
