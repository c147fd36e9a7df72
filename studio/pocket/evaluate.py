"""Every measured figure of the miniature, on fixed seeds."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable

import torch
from diffusers import AutoencoderKL
from PIL import Image
from transformers import BlipForConditionalGeneration, BlipProcessor

from studio.pocket import contact, judge
from studio.pocket.icons import BUILD
from studio.pocket.scenes import Scene, caption, draw_scene, picture, plain, sentence
from studio.pocket.stage import ASSETS
from studio.pocket.things import COLOURS, STYLES, held_out, trained_things
from studio.pocket.vae import pictures

Figures = dict[str, float]


def run() -> None:
    """Measure everything, print it and write `build/pocket/evaluate.json`."""
    torch.set_num_threads(2)
    figures: dict[str, Figures] = {}
    for measure in (autoencoder, judge_itself, captioner, painter, pairs, speed):
        figures[measure.__name__] = {key: round(value, 4) for key, value in measure().items()}
        print(json.dumps({measure.__name__: figures[measure.__name__]}), flush=True)
    (BUILD / "evaluate.json").write_text(json.dumps(figures, indent=1))


@torch.no_grad()
def autoencoder() -> Figures:
    """PSNR in dB over every open held-out thing in every style."""
    vae = AutoencoderKL.from_pretrained(ASSETS / "vae", torch_dtype=torch.float32).eval()
    rng, errors = random.Random(2), []
    for style in STYLES.values():
        true = pictures([plain(thing, style, rng.choice(list(COLOURS))) for thing in held_out("open")])
        again = vae.decode(vae.encode(true).latent_dist.mode()).sample.clamp(-1, 1)
        errors.append(((again - true) / 2).square().mean((1, 2, 3)))
    per_picture = torch.cat(errors)
    return {
        "psnr": -10 * per_picture.mean().log10().item(),
        "mean_of_psnrs": -10 * per_picture.log10().mean().item(),
    }


def _unseen(count: int) -> list[Scene]:
    rng = random.Random(99)
    return [draw_scene(rng, trained_things()) for _ in range(count)]


def judge_itself() -> Figures:
    """The judge's own accuracy on unseen compositions."""
    scenes = _unseen(400)
    return judge.verdict(judge.load(), [picture(scene) for scene in scenes], scenes)


@torch.no_grad()
def captioner() -> Figures:
    """The captioner on unseen compositions: right thing, style and background, and the very sentence."""
    model = BlipForConditionalGeneration.from_pretrained(
        ASSETS / "captioner", torch_dtype=torch.float32
    ).eval()
    processor = BlipProcessor.from_pretrained(ASSETS / "captioner")
    scenes = _unseen(300)
    pixels = processor(images=[picture(scene) for scene in scenes], return_tensors="pt").pixel_values
    said = processor.batch_decode(model.generate(pixels, max_new_tokens=24), skip_special_tokens=True)
    pairs = list(zip(said, scenes, strict=True))
    return {
        "thing": _share(scene.things[0].name in words for words, scene in pairs),
        "style": _share(f"{scene.style} style" in words for words, scene in pairs),
        "background": _share(f"{scene.background} " in words for words, scene in pairs),
        "sentence": _share(words == sentence(scene) for words, scene in pairs),
    }


def _share(answers: Iterable[bool]) -> float:
    found = list(answers)
    return sum(found) / len(found)


def painter(count: int = 300) -> Figures:
    """Painted pictures of one thing each, before the judge."""
    scenes = contact.prompts(count, 5)
    return _painted(scenes, 1000)


def pairs(count: int = 60) -> Figures:
    """Painted pictures of two things each; `thing` says that both are there."""
    rng, things = random.Random(6), trained_things()
    every = (draw_scene(rng, things) for _ in range(100 * count))
    scenes = [scene for scene in every if len(scene.things) == 2 and not scene.pattern][:count]
    return _painted(scenes, 2000)


def _painted(scenes: list[Scene], seed: int) -> Figures:
    words = [caption(scene) for scene in scenes]
    painted: list[Image.Image] = contact.paint(contact.open_pipeline(), words, seed)
    return judge.verdict(judge.load(), painted, scenes)


def speed() -> Figures:
    """Seconds to open the pipeline, and to paint one picture warm."""
    started = time.perf_counter()
    pipeline = contact.open_pipeline()
    opened = time.perf_counter()
    contact.paint(pipeline, ["a cat"], 0)
    warm = time.perf_counter()
    contact.paint(pipeline, ["a cat"], 0)
    return {"open": opened - started, "picture": time.perf_counter() - warm}
