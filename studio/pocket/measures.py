"""The figures of each part of the miniature by itself, on fixed seeds."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from PIL import Image
from safetensors.torch import load_file
from transformers import BlipForConditionalGeneration, BlipProcessor

from studio.pocket import contact, judge
from studio.pocket.ledger import Figures, place
from studio.pocket.scenes import Scene, caption, draw_scene, picture, plain, sentence
from studio.pocket.stage import ASSETS
from studio.pocket.tagger import config
from studio.pocket.tags import truth
from studio.pocket.things import COLOURS, SECTIONS, STYLES, drawable, held_out, trained_things
from studio.pocket.vae import pictures

PAINTS = ("unet", "text_encoder", "vae")


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


@torch.no_grad()
def tiny() -> Figures:
    """PSNR in dB of the tiny autoencoder's pictures of the true latents, against the true pictures."""
    vae, small = (
        kind.from_pretrained(ASSETS / name, torch_dtype=torch.float32).eval()
        for kind, name in ((AutoencoderKL, "vae"), (AutoencoderTiny, "tiny"))
    )
    rng = random.Random(2)
    true = pictures([plain(thing, "flat", rng.choice(list(COLOURS))) for thing in held_out("open")])
    latents = vae.encode(true).latent_dist.mode() * vae.config.scaling_factor
    shown = {"decoded": small.decode(latents).sample, "both": small.decode(small.encode(true).latents).sample}
    return {
        name: -10 * ((again.clamp(-1, 1) - true) / 2).square().mean().log10().item()
        for name, again in shown.items()
    }


def _unseen(count: int) -> list[Scene]:
    rng = random.Random(99)
    return [draw_scene(rng, trained_things()) for _ in range(count)]


def judge_itself() -> Figures:
    """The judge's own accuracy on unseen compositions: all, large plain ones, pairs, and worn ones."""
    torch.manual_seed(0)
    known, scenes = judge.load(), _unseen(600)
    drawn = [picture(scene) for scene in scenes]
    right = judge.verdicts(known, drawn, scenes)
    paired = torch.tensor([len(scene.things) == 2 for scene in scenes])
    large = torch.tensor([scene.side > 80 and not scene.pattern for scene in scenes])
    figures = {name: each.float().mean().item() for name, each in right.items()}
    worn = judge.verdict(known, _as_pictures(judge.worn(judge.look(drawn))), scenes)
    return figures | {
        "thing_plain": right["thing"][large].float().mean().item(),
        "thing_pairs": right["thing"][paired].float().mean().item(),
        **{f"{name}_worn": share for name, share in worn.items()},
    }


def _as_pictures(seen: torch.Tensor) -> list[Image.Image]:
    bytes_ = ((seen.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()
    return [Image.fromarray(each) for each in bytes_]


def captioner() -> Figures:
    """The captioner on unseen compositions, and whether what it calls unknown things is of their kind."""
    scenes = _unseen(300)
    pairs = list(zip(_said([picture(scene) for scene in scenes]), scenes, strict=True))
    unknown = [plain(thing, style, "white") for thing in held_out("open") for style in STYLES.values()]
    guesses = zip(_said([picture(scene) for scene in unknown]), unknown, strict=True)
    single = [(words, scene) for words, scene in pairs if len(scene.things) == 1]
    return {
        "thing": _share(_right(words, scene) for words, scene in pairs),
        "thing_single": _share(_right(words, scene) for words, scene in single),
        "style": _share(f"{scene.style} style" in words for words, scene in pairs),
        "background": _share(f"{scene.background} " in words for words, scene in pairs),
        "sentence": _share(words == sentence(scene) for words, scene in pairs),
        "held_out_category": _share(
            _category(words) == SECTIONS[scene.things[0].section] for words, scene in guesses
        ),
    }


def _said(drawn: list[Image.Image]) -> list[str]:
    model = BlipForConditionalGeneration.from_pretrained(ASSETS / "captioner", torch_dtype=torch.float32)
    processor = BlipProcessor.from_pretrained(ASSETS / "captioner")
    said: list[str] = []
    for start in range(0, len(drawn), 50):
        pixels = processor(images=drawn[start : start + 50], return_tensors="pt").pixel_values
        with torch.no_grad():
            ids = model.eval().generate(pixels, max_new_tokens=24)
        said += processor.batch_decode(ids, skip_special_tokens=True)
    return said


def _right(words: str, scene: Scene) -> bool:
    """Whether the caption names all the things of the scene and no other."""
    return sorted(_named(words)) == sorted(thing.name for thing in scene.things)


def _named(words: str) -> list[str]:
    """The things that a caption names, without article, size and place."""
    what = words.partition(" in ")[0].removesuffix(" on the left").removesuffix(" on the right")
    return [re.sub(r"^(an? )?(small )?", "", each) for each in what.split(" and ")]


def _category(words: str) -> str:
    """What kind the first thing is that a caption names, "" if there is no such thing."""
    return next((SECTIONS[thing.section] for thing in drawable() if thing.name == _named(words)[0]), "")


def _share(answers: Iterable[bool]) -> float:
    found = list(answers)
    return sum(found) / len(found)


@torch.no_grad()
def tagger() -> Figures:
    """The tagger at a threshold of 0.35: how many of its tags are right, and of the true ones found."""
    from studio.caption.captioners._timm import load_timm

    known = config()
    model = load_timm().create_model(
        known["architecture"], num_classes=known["num_classes"], **known["model_args"]
    )
    weights = load_file(ASSETS / "tagger" / "model.safetensors")
    model.load_state_dict({key: value.float() for key, value in weights.items()})
    scenes = _unseen(300)
    holds = truth(scenes) > 0
    said = model.eval()(pictures(scenes).flip(1)).sigmoid() > 0.35
    right = (said & holds).sum().item()
    return {"precision": right / said.sum().item(), "recall": right / holds.sum().item()}


def painter(count: int = 300) -> Figures:
    """Painted pictures of one thing each, before the judge."""
    return _judged(contact.prompts(300, 5)[:count], "painter", 1000)


def pairs(count: int = 60) -> Figures:
    """Painted pictures of two things each; `thing` says that both are there."""
    rng, things = random.Random(6), trained_things()
    every = (draw_scene(rng, things) for _ in range(100 * count))
    scenes = [scene for scene in every if len(scene.things) == 2 and not scene.pattern][:count]
    return _judged(scenes, "pairs", 2000)


def _judged(scenes: list[Scene], name: str, seed: int) -> Figures:
    folder = place(PAINTS) / name
    return judge.verdict(judge.load(), painted(folder, [caption(scene) for scene in scenes], seed), scenes)


def painted(folder: Path, words: list[str], seed: int) -> list[Image.Image]:
    """One picture for each prompt at consecutive seeds; those in the folder need not be painted again."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03d}.png" for number in range(len(words))]
    missing = [number for number, path in enumerate(paths) if not path.exists()]
    pipeline = contact.open_pipeline() if missing else None
    for start in range(0, len(missing), 16):
        chosen = missing[start : start + 16]
        made = contact.paint(
            pipeline, [words[number] for number in chosen], [seed + number for number in chosen]
        )
        for number, image in zip(chosen, made, strict=True):
            image.save(paths[number])
    return [Image.open(path).convert("RGB") for path in paths]


def speed() -> Figures:
    """Seconds to open the pipeline, and to paint one picture warm; also the processor's own seconds."""
    started = time.perf_counter()
    pipeline = contact.open_pipeline()
    opened = time.perf_counter()
    contact.paint(pipeline, ["a cat"], [0])
    warm, busy = time.perf_counter(), time.process_time()
    contact.paint(pipeline, ["a cat"], [0])
    return {
        "open": opened - started,
        "picture": time.perf_counter() - warm,
        "picture_processor": time.process_time() - busy,
    }
