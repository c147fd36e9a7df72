"""Whether each sibling learns a subject that it never saw, by the studio's own training and painting."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from PIL import Image

from studio.generate.engine import GenerateEngine
from studio.generate.settings import GenerateSettings
from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event
from studio.jobs.run import new_run
from studio.pocket.learning import SUBJECT_TRIGGER, Studio, subject_scenes, true_again
from studio.pocket.ledger import Figures, kept
from studio.pocket.likeness import Tower
from studio.pocket.scenes import picture, plain
from studio.pocket.things import STYLES, Thing, held_out

PRESET_OF = {
    "xl": "pocket-xl-subject",
    "sd3": "pocket-transformer-subject",
    "flux": "pocket-transformer-subject",
}
SHARED = ("clip", "vae", "text_encoder", "sibling presets")
OWN = {
    "xl": ("xl/unet", "xl/text_encoder_2"),
    "sd3": ("sd3/transformer", "xl/text_encoder_2"),
    "flux": ("flux/transformer", "flux/text_encoder_2"),
}
LEARNS = (*SHARED, *(part for own in OWN.values() for part in own))
GROUNDS = ("white", "yellow", "teal", "pink", "blue", "green")


def siblings() -> Figures:
    """How much of the gap between base and true pictures each closes, on the mean of three things."""
    tower, found = Tower(), Figures()
    for name, own in OWN.items():
        studio = Studio((*SHARED, *own))
        closed = [_closed(studio, tower, name, thing) for thing in held_out("open")[::10]]
        found |= {f"{name}_closed": mean(each["closed"] for each in closed)}
        found |= {f"{name}_{each}": mean(one[each] for one in closed) for each in ("base", "lora", "real")}
    return found


def _closed(studio: Studio, tower: Tower, name: str, thing: Thing) -> Figures:
    """By the image tower; true pictures drawn once more are the end of the way."""
    own, base = f"{name}-{thing.icon}", f"pocket-{name}"

    def measure() -> Figures:
        words = {"trigger": SUBJECT_TRIGGER, "class_word": thing.name}
        took = studio.learned(own, PRESET_OF[name], subject_scenes(thing), base=base, **words)
        prompts = [
            f"a picture of {SUBJECT_TRIGGER} {thing.name} on a {ground} background" for ground in GROUNDS
        ]
        true = [[picture(plain(thing, style, ground)) for style in STYLES.values()] for ground in GROUNDS]
        likeness = {
            "base": tower.likeness(_painted(studio, base, prompts, []), true)["clip"],
            "lora": tower.likeness(_painted(studio, base, prompts, [{"name": own}]), true)["clip"],
            "real": tower.likeness(*true_again(thing, true, GROUNDS))["clip"],
        }
        gap = likeness["real"] - likeness["base"]
        return {**took, **likeness, "closed": (likeness["lora"] - likeness["base"]) / gap}

    return kept(studio.workspace.root / "siblings" / f"{own}.json", measure)


def _painted(
    studio: Studio, base: str, prompts: Sequence[str], mix: list[dict[str, Any]]
) -> list[Image.Image]:
    """One picture of each prompt, at consecutive seeds, as Generate paints it."""
    engine, events = GenerateEngine(), list[Event]()
    for seed, prompt in enumerate(prompts, 100):
        values = {"base": base, "prompt": prompt, "adapters": mix, "seed": seed, "count": 1}
        settings = GenerateSettings.parse(values)
        engine(
            Context(studio.workspace, new_run(studio.workspace, "generate", settings), events.append),
            settings,
        )
    made = [each.path for each in events if isinstance(each, Artifact) and each.what == "picture"]
    return [Image.open(studio.workspace.root / path).convert("RGB") for path in made]
