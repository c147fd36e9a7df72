"""How well the miniature learns: subjects and a style that it never saw, by the studio's own training."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from statistics import mean
from typing import Any

from PIL import Image

from studio.generate.opened import Opened
from studio.generate.settings import Mix
from studio.jobs.context import Context
from studio.jobs.run import new_run
from studio.models.opening import open_model
from studio.pocket import contact, demo, judge
from studio.pocket.ledger import Figures, kept, place
from studio.pocket.likeness import Eyes
from studio.pocket.measures import PAINTS
from studio.pocket.scenes import Scene, caption, picture, plain, sentence
from studio.pocket.things import COLOURS, HELD_OUT_STYLE, STYLES, Thing, held_out
from studio.settings import presets
from studio.train.engine import TrainEngine
from studio.train.settings import TrainSettings
from studio.workspace import Workspace

SUBJECT_TRIGGER, STYLE_TRIGGER, STYLE_NAME = "sks", "zwx", "ink style"
INK = next(iter(HELD_OUT_STYLE.values()))
LEARNS = (*PAINTS, "presets")
OTHERS, GROUNDS = 40, ("white", "yellow", "teal", "pink")
MIXES = {"mixed": (0.8, 0.8), "mixed_full": (1.0, 1.0), "subject": (1.0, 0.0), "style": (0.0, 1.0)}


class Studio:
    """A workspace of the studio for the very weights that these parts are, and what is opened in it once."""

    def __init__(self, parts: Sequence[str] = LEARNS) -> None:
        self.workspace = Workspace.open(place(parts) / "workspace")

    @cached_property
    def opened(self) -> Opened:
        """The miniature as Generate opens it."""
        return Opened("pocket", "Miniature", open_model("pocket", self.workspace))

    @cached_property
    def eyes(self) -> Eyes:
        """What compares pictures."""
        return Eyes()

    def paint(self, mixes: Mapping[str, float], words: Sequence[str], seed: int) -> list[Image.Image]:
        """One picture for each prompt with these LoRAs at their weights, at consecutive seeds."""
        self.opened.mix(
            self.workspace,
            [Mix(name=name, weight=weight) for name, weight in mixes.items() if weight],
        )
        return contact.paint(self.opened.pipeline, words, range(seed, seed + len(words)))

    def learned(self, name: str, preset: str, scenes: Mapping[str, Scene], **values: Any) -> Figures:
        """Train a LoRA of this name on these scenes with a preset, unless it is there; seconds it took.

        The captions beside them say what is there, and the trigger word for the style that nobody knows.
        """

        def train() -> Figures:
            folder = self.workspace.datasets / name
            folder.mkdir(exist_ok=True)
            for stem, scene in scenes.items():
                picture(scene, demo.PIXELS).save(folder / f"{stem}.png")
                (folder / f"{stem}.txt").write_text(sentence(scene).replace(INK, values["trigger"]))
            settings = TrainSettings.layered(
                presets("train")[preset].values, {"name": name, "dataset": name, "seed": 1, **values}
            )
            run = new_run(self.workspace, "train", settings)
            started, busy = time.perf_counter(), time.process_time()
            TrainEngine()(Context(self.workspace, run, lambda event: None), settings)
            return {"seconds": time.perf_counter() - started, "processor": time.process_time() - busy}

        return kept(self.workspace.hidden / "trained" / f"{name}.json", train)


def subjects(last: bool = False) -> Figures:
    """Ten things never seen, a LoRA each: likeness, obedience to backgrounds, and what else changed."""
    studio = Studio()
    found = [_subject(studio, thing) for thing in _things(last)]
    return {
        "halved": float(sum(min(one["clip_closed"], one["judge_closed"]) >= 0.5 for one in found)),
        "clip_closed": mean(one["clip_closed"] for one in found),
        "judge_closed": mean(one["judge_closed"] for one in found),
        "background": mean(one["background"] for one in found),
        "others_thing": mean(one["others_thing"] for one in found) / found[0]["base_thing"],
        "others_fit": mean(one["others_fit"] for one in found) / found[0]["base_fit"],
        "seconds": max(one["seconds"] for one in found),
        "processor": max(one["processor"] for one in found),
    }


def _things(last: bool) -> tuple[Thing, ...]:
    return held_out("last") if last else held_out("open")[::3]


def _subject(studio: Studio, thing: Thing) -> Figures:
    def measure() -> Figures:
        took = _learn_subject(studio, thing)
        return took | _likeness(studio, thing) | _others(studio, thing)

    return kept(studio.workspace.root / "subjects" / f"{thing.icon}.json", measure)


def _learn_subject(studio: Studio, thing: Thing) -> Figures:
    words = {"trigger": SUBJECT_TRIGGER, "class_word": thing.name}
    return studio.learned(thing.icon, "pocket-subject", subject_scenes(thing), **words)


def subject_scenes(thing: Thing) -> dict[str, Scene]:
    """The eight pictures of it that a training sees, by the name of the file."""
    return {
        f"{thing.icon}-{number}": Scene((thing,), style, ground, side, (centre,))
        for number, (style, ground, side, centre) in enumerate(demo.SUBJECT_SCENES, 1)
    }


def _likeness(studio: Studio, thing: Thing) -> Figures:
    """On each of the twelve backgrounds: how much of the gap to the true pictures is closed."""
    words = [f"a picture of {SUBJECT_TRIGGER} {thing.name} on {_a(ground)} background" for ground in COLOURS]
    true = [[picture(plain(thing, style, ground)) for style in STYLES.values()] for ground in COLOURS]
    painted = studio.paint({thing.icon: 1.0}, words, 100)
    after = studio.eyes.likeness(painted, true)
    before = studio.eyes.likeness(studio.paint({}, words, 100), true)
    real = studio.eyes.likeness(*true_again(thing, true))
    grounds = [Scene((judge.KNOWN[0],), "flat", ground) for ground in COLOURS]
    figures = {"background": judge.verdict(studio.eyes.judge, painted, grounds)["background"]}
    for eye in real:
        figures[f"{eye}_base"], figures[f"{eye}_lora"], figures[f"{eye}_real"] = (
            each[eye] for each in (before, after, real)
        )
        figures[f"{eye}_closed"] = (after[eye] - before[eye]) / (real[eye] - before[eye])
    return figures


def true_again(
    thing: Thing, true: Sequence[Sequence[Image.Image]], grounds: Sequence[str] = tuple(COLOURS)
) -> tuple[list[Image.Image], list[Sequence[Image.Image]]]:
    """True pictures drawn again a little smaller and aside, which nothing painted need surpass."""
    again = [
        picture(Scene((thing,), style, ground, 94, ((62, 67),)))
        for ground in grounds
        for style in STYLES.values()
    ]
    return again, [group for group in true for _ in STYLES]


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"


def _others(studio: Studio, thing: Thing) -> Figures:
    """What the LoRA does to forty prompts of other things, beside the base at the same seeds."""
    scenes = contact.prompts(OTHERS, 8)
    words = [caption(scene) for scene in scenes]

    def score(mixes: Mapping[str, float]) -> Figures:
        made = studio.paint(mixes, words, 300)
        right = judge.verdict(studio.eyes.judge, made, scenes)["thing"]
        return {"thing": right, "fit": studio.eyes.fit(made, words)}

    base = kept(studio.workspace.root / "subjects" / "_base.json", lambda: score({}))
    after = score({thing.icon: 1.0})
    return {f"base_{key}": value for key, value in base.items()} | {
        f"others_{key}": value for key, value in after.items()
    }


def mixes(last: bool = False) -> Figures:
    """A held-out thing in the held-out style: on how many of ten things the mix beats either LoRA alone."""
    studio = Studio()
    scenes = {icon: Scene((demo.thing_named(icon),), INK, ground) for icon, ground in demo.STYLE_SCENES}
    studio.learned(STYLE_NAME, "pocket-style", scenes, trigger=STYLE_TRIGGER, captions="captions")
    found = [_mix(studio, thing) for thing in _things(last)]
    figures = {}
    for eye in ("clip", "judge"):
        for mixed in ("mixed", "mixed_full"):
            figures[f"{eye}_{mixed}_nearest"] = float(
                sum(one[f"{eye}_{mixed}"] > max(one[f"{eye}_subject"], one[f"{eye}_style"]) for one in found)
            )
        for name in MIXES:
            figures[f"{eye}_{name}"] = mean(one[f"{eye}_{name}"] for one in found)
    return figures


def _mix(studio: Studio, thing: Thing) -> Figures:
    def measure() -> Figures:
        _learn_subject(studio, thing)
        what = f"a picture of {SUBJECT_TRIGGER} {thing.name} in {STYLE_TRIGGER} style"
        words = [f"{what} on {_a(ground)} background" for ground in GROUNDS]
        true = [[picture(plain(thing, INK, ground))] for ground in GROUNDS]
        figures: Figures = {}
        for name, (subject, style) in MIXES.items():
            made = studio.paint({thing.icon: subject, STYLE_NAME: style}, words, 500)
            likeness = studio.eyes.likeness(made, true)
            figures |= {f"{eye}_{name}": value for eye, value in likeness.items()}
            _keep(studio.workspace.root / "mixes" / f"{thing.icon}-{name}.png", made)
        return figures

    return kept(studio.workspace.root / "mixes" / f"{thing.icon}.json", measure)


def _keep(path: Path, made: list[Image.Image]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    contact.sheet(made, len(made)).save(path)
