"""Judging: the checkpoints of a training painted at several strengths, looked at, and one recommended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.data.pictures import open_picture
from studio.errors import PictureError
from studio.train.export import Recipe
from studio.train.verdict.eyes import Eyes
from studio.train.verdict.scores import Cell, Choice, choose
from studio.train.verdict.sheet import write_sheet
from studio.train.verdict.trial import Trial
from studio.train.wording import instance_prompt, is_style, says, untriggered

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

MOST_PICTURES = 32  # of the training's own to compare with


@dataclass(frozen=True)
class Scope:
    """How much is tried: checkpoints, strengths, seeds, and the share of the family's sampling steps."""

    checkpoints: int
    weights: tuple[float, ...]
    seeds: int
    share: float


SCOPES = {
    "quick": Scope(3, (0.6, 0.8, 1.0), 1, 0.5),
    "full": Scope(5, (0.5, 0.7, 0.85, 1.0, 1.2), 2, 1.0),
}


@dataclass(frozen=True)
class Questions:
    """The three prompts: what was learned, the same elsewhere, and something without the trigger word.

    `meant` is what the first two say to somebody who does not know the trigger word.
    """

    prompts: tuple[str, str, str]
    meant: tuple[str, str]


def questions(recipe: Recipe) -> Questions:
    """The person's own sample prompts where they serve, else made of what was learned."""
    settings, defaults = recipe.settings, recipe.family.defaults
    learned = instance_prompt(settings, defaults)
    with_trigger = [prompt for prompt in recipe.plan.prompts if says(prompt, settings.trigger)]
    without = [prompt for prompt in recipe.plan.prompts if prompt not in with_trigger]
    first = with_trigger[0] if with_trigger else learned
    if is_style(settings):
        house = re.sub(r"^an? (picture|photo|image)\b", "a house", first)
        second, meant = house if house != first else f"a house, {first}", ("a picture", "a house")
    else:
        second = with_trigger[1] if len(with_trigger) > 1 else f"{first} on a blue background"
        meant = (untriggered(settings, defaults, first), _plain(recipe, second))
    third = without[0] if without else untriggered(settings, defaults, learned)
    return Questions((first, second, third), meant)


def _plain(recipe: Recipe, prompt: str) -> str:
    return untriggered(recipe.settings, recipe.family.defaults, prompt)


@dataclass(frozen=True)
class Tried:
    """A checkpoint at a strength, and what it painted: for each prompt a picture of each seed."""

    step: int
    weight: float
    pictures: tuple[tuple[Image.Image, ...], ...]


def judge(
    trial: Trial,
    recipe: Recipe,
    loras: Mapping[int, Path],
    eyes: Eyes | None,
    *,
    held_out: Mapping[int, float],
    check: Callable[[str], None],
    sheet: Path,
) -> dict[str, Any]:
    """Try the checkpoints and return the verdict as plain values, with the contact sheet in `sheet`.

    `loras` are the files by step, `held_out` the losses by step; `check` is told what happens and may
    raise. Without eyes the held-out loss alone decides.
    """
    scope, asked = SCOPES[recipe.settings.verdict], questions(recipe)
    seeds = [recipe.run.seed + 1000 + number for number in range(scope.seeds)]
    steps = max(1, round(recipe.family.defaults.steps * scope.share))

    def paint(step: int, weight: float) -> Tried:
        check(f"Trying checkpoint {step} at strength {weight:g}" if step else "Painting what the base paints")
        pictures = tuple(tuple(trial.paint(prompt, seeds, steps=steps)) for prompt in asked.prompts)
        return Tried(step, weight, pictures)

    base = paint(0, 0.0)
    tried = []
    for step in spread(sorted(loras), scope.checkpoints):
        adapter = trial.read(loras[step])
        for weight in scope.weights:
            trial.wear(adapter, weight)
            tried.append(paint(step, weight))
    trial.wear(None)
    own = _own_pictures(recipe) if eyes else []
    look = Look(eyes, own, asked, base) if eyes and own else None
    cells = [look.cell(one) for one in (base, *tried)] if look else []
    choice = choose(cells[1:], cells[0]) if cells else _by_loss(tried, held_out)
    _draw(sheet, asked, [base, *tried], choice)
    return {
        "step": choice.cell.step,
        "weight": choice.cell.weight,
        "sentence": choice.sentence,
        "evidence": list(choice.evidence),
        "scored_by": eyes.name if eyes and own else "",
        "prompts": list(asked.prompts),
        "cells": [asdict(cell) for cell in cells[1:]],
        "base": asdict(cells[0]) if cells else {},
        "sheet": sheet.name,
    }


class Look:
    """The scores of what was painted."""

    def __init__(self, eyes: Eyes, own: Sequence[Image.Image], asked: Questions, base: Tried) -> None:
        self.eyes = eyes
        self.own, self.meant = eyes.see(own), eyes.read(asked.meant)
        self.base = eyes.see(base.pictures[2])

    def cell(self, tried: Tried) -> Cell:
        """Likeness and fit of the first two prompts, drift of the third, variety among the first two."""
        first, second, third = (self.eyes.see(pictures) for pictures in tried.pictures)
        seen = [*first, *second]
        fits = [first @ self.meant[0], second @ self.meant[1]]
        return Cell(
            step=tried.step,
            weight=tried.weight,
            likeness=float((_rows(seen) @ self.own.T).mean()),
            fit=float(sum(float(fit.mean()) for fit in fits) / 2),
            drift=float(1 - (third * self.base).sum(1).mean()),
            variety=sum(float(1 - one @ other) for one, other in combinations(seen, 2))
            / max(1, len(seen) * (len(seen) - 1) // 2),
        )


def spread(steps: Sequence[int], count: int) -> list[int]:
    """At most `count` of the steps: the last, and others evenly before it, the first third left out."""
    later = [step for step in steps if 3 * step >= steps[-1]]
    if len(later) <= count:
        return later
    return [later[round(place * (len(later) - 1) / (count - 1))] for place in range(count)]


def _by_loss(tried: Sequence[Tried], held_out: Mapping[int, float]) -> Choice:
    """Without eyes: the checkpoint with the lowest held-out loss, else the last, at full strength."""
    steps = sorted({one.step for one in tried})
    known = [step for step in steps if step in held_out]
    step = min(known, key=lambda each: held_out[each]) if known else steps[-1]
    cell = Cell(step, 1.0, 0, 0, 0, 0)
    why = (
        f"Its loss on pictures kept apart is the lowest: {held_out[step]:.4f}."
        if known
        else "It is the last one; no pictures were kept apart to compare by."
    )
    hint = "Put a CLIP model (a transformers folder) into models/ to have pictures compared as well."
    return Choice(cell, f"Checkpoint {step} at strength 1. {why}", (why, hint))


def _own_pictures(recipe: Recipe) -> list[Image.Image]:
    pictures = []
    for path in dict.fromkeys(example.picture.path for example in recipe.plan.examples):
        try:
            pictures.append(open_picture(path, at_least=224))
        except PictureError:
            continue  # removed since; the others are enough
        if len(pictures) == MOST_PICTURES:
            break
    return pictures


def _draw(sheet: Path, asked: Questions, tried: Sequence[Tried], choice: Choice) -> None:
    rows = [
        (
            f"step {one.step}\nat {one.weight:g}" if one.step else "the base alone",
            [pictures[0] for pictures in one.pictures],
        )
        for one in tried
    ]
    chosen = [(one.step, one.weight) for one in tried].index((choice.cell.step, choice.cell.weight))
    write_sheet(sheet, asked.prompts, rows, chosen)


def _rows(features: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.stack(list(features))
