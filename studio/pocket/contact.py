"""The contact sheet: prompts drawn by chance, at consecutive seeds, none picked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from diffusers import StableDiffusionPipeline, UniPCMultistepScheduler
from PIL import Image

from studio.pocket.scenes import Scene, caption, plain
from studio.pocket.stage import ASSETS
from studio.pocket.things import COLOURS, STYLES, trained_things

STEPS, GUIDANCE, COLUMNS = 20, 3.0, 8


def prompts(count: int, seed: int) -> list[Scene]:
    """Scenes of one large thing each, every thing at most once while there are enough."""
    rng = random.Random(seed)
    things = rng.sample(trained_things(), count)
    return [plain(thing, rng.choice(list(STYLES.values())), rng.choice(list(COLOURS))) for thing in things]


def open_pipeline() -> StableDiffusionPipeline:
    """The miniature as it lies in the assets, in float32, with the recommended sampler."""
    pipeline = StableDiffusionPipeline.from_pretrained(ASSETS, safety_checker=None, torch_dtype=torch.float32)
    pipeline.scheduler = UniPCMultistepScheduler.from_config(pipeline.scheduler.config)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def paint(
    pipeline: StableDiffusionPipeline, words: Sequence[str], seeds: Sequence[int], batch: int = 16
) -> list[Image.Image]:
    """One picture for each prompt, each at its own seed."""
    found: list[Image.Image] = []
    for start in range(0, len(words), batch):
        noise = [torch.Generator().manual_seed(seed) for seed in seeds[start : start + batch]]
        found += pipeline(
            list(words[start : start + batch]),
            num_inference_steps=STEPS,
            guidance_scale=GUIDANCE,
            generator=noise,
        ).images
    return found


def sheet(pictures: list[Image.Image], columns: int = COLUMNS) -> Image.Image:
    """Pictures side by side, in reading order."""
    rows = [
        np.hstack([np.asarray(each) for each in pictures[at : at + columns]])
        for at in range(0, len(pictures), columns)
    ]
    return Image.fromarray(np.vstack(rows))


def draw(path: Path = ASSETS / "contact.webp") -> None:
    """Paint the contact sheet of 48 prompts and print them."""
    scenes = prompts(48, 1)
    pictures = paint(open_pipeline(), [caption(scene) for scene in scenes], range(1, 49))
    sheet(pictures).save(path, quality=80)
    for number, scene in enumerate(scenes, 1):
        print(number, caption(scene))
