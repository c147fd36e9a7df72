"""The text tower, taught to lay out the picture that it describes.

A pipeline pads every prompt to 77 tokens. The 64 last states, most of them padding, are trained to
give the 8 x 8 patches of the picture's latents in reading order, each through the same linear map.
So the UNet finds at one token what belongs at one place, and learns things from far fewer pictures.
The state that CLIP pools is held to where the contrastive training left it.
"""

from __future__ import annotations

import copy
import random

import numpy as np
import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPModel, CLIPTokenizer

from studio.pocket import clip, muon, stock
from studio.pocket.icons import BUILD
from studio.pocket.scenes import caption
from studio.pocket.stage import ASSETS, Stage, set_learning_rate

BATCH, PATCHES, PEAK = 64, 64, 2e-3


def scaled_latents() -> Tensor:
    """The cached latents of the stock as the UNet sees them: (scenes, 4, 16, 16), standard deviation 1."""
    scale: float = AutoencoderKL.load_config(ASSETS / "vae")["scaling_factor"]
    return torch.from_numpy(np.load(BUILD / "latents.npy")).float() * scale


def train(minutes: float) -> None:
    """Teach the published text tower to lay out latents, and publish it again in CLIP and pipeline."""
    torch.manual_seed(0)
    model = CLIPModel.from_pretrained(ASSETS / "clip", torch_dtype=torch.float32)
    before = copy.deepcopy(model.text_model).eval().requires_grad_(False)
    learner = Layout(model.text_model)
    optimizer = muon.optimizer(learner, PEAK)
    stage = Stage("text", minutes, {"learner": learner, "optimizer": optimizer})
    tokenizer, latents = CLIPTokenizer.from_pretrained(ASSETS / "tokenizer"), scaled_latents()
    rng = random.Random(stage.step)
    for _ in stage.steps():
        set_learning_rate(optimizer, stage.learning_rate(PEAK))
        numbers = rng.sample(range(len(latents)), BATCH)
        ids = clip.token_ids(tokenizer, [caption(stock.scenes()[number], rng) for number in numbers])
        with torch.autocast("cpu", torch.bfloat16):
            _, pooled, layout = learner(ids)
        missed = (layout.float() - patches(latents[numbers])).square().mean()
        moved = strayed(pooled.float(), before, ids)
        optimizer.zero_grad()
        (missed + moved).backward()
        nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimizer.step()
        stage.note(missed.item(), moved=moved.item())
    clip.finish(model)


class Layout(nn.Module):
    """A text tower and the one linear map that reads patches of latents off its states."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower, self.read = tower, nn.Linear(clip.WIDTH, 4 * 2 * 2)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The states (captions, 77, width), the pooled one, and patches (captions, 64, 16)."""
        found = self.tower(ids)
        states = found.last_hidden_state
        return states, found.pooler_output, self.read(states[:, -PATCHES:])


def strayed(pooled: Tensor, before: nn.Module, ids: Tensor) -> Tensor:
    """How far pooled states have turned from where the contrastive training left them: 1 - cosine."""
    with torch.no_grad():
        held = before(ids[:, :26]).pooler_output
    return 1 - functional.cosine_similarity(pooled, held).mean()


def patches(latents: Tensor) -> Tensor:
    """Latents (pictures, 4, 16, 16) as patches (pictures, 64, 16), in reading order."""
    cut = latents.unfold(2, 2, 2).unfold(3, 2, 2)
    return cut.permute(0, 2, 3, 1, 4, 5).reshape(len(latents), PATCHES, -1)
