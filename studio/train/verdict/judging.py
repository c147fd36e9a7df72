"""Judging: the checkpoints of a training painted at several strengths, looked at, and one recommended."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from studio.data.pictures import open_picture
from studio.errors import PictureError
from studio.train.export import Recipe
from studio.train.verdict.eyes import Eyes
from studio.train.verdict.looking import Look, Tried
from studio.train.verdict.scores import Cell, Choice, choose
from studio.train.verdict.sheet import write_sheet
from studio.train.verdict.trial import Trial
from studio.train.wording import instance_prompt, is_style, says, untriggered
from studio.workspace import writing

if TYPE_CHECKING:
    from PIL import Image

MOST_PICTURES = 32  # of the training's own to compare with
PICTURES = "verdict"  # the folder of what was painted


@dataclass(frozen=True)
class Scope:
    """How much is tried: checkpoints, strengths, seeds of each prompt, the share of the family's steps."""

    checkpoints: int
    weights: tuple[float, ...]
    seeds: tuple[int, int, int]
    share: float


SCOPES = {
    "quick": Scope(3, (0.6, 0.8, 1.0), (2, 1, 1), 0.5),
    "full": Scope(5, (0.5, 0.7, 0.85, 1.0, 1.2), (3, 2, 2), 1.0),
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
    seeds = [recipe.run.seed + 1000 + number for number in range(max(scope.seeds))]
    steps = max(1, round(recipe.family.defaults.steps * scope.share))

    def paint(step: int, weight: float) -> Tried:
        check(f"Trying checkpoint {step} at strength {weight:g}" if step else "Painting what the base paints")
        pictures = tuple(
            tuple(trial.paint(prompt, seeds[:count], steps=steps))
            for prompt, count in zip(asked.prompts, scope.seeds, strict=True)
        )
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
    look = Look(eyes, own, asked.meant) if eyes and own else None
    cells = [look.cell(one, base) for one in (base, *tried)] if look else []
    choice = choose(cells[1:], cells[0], look.variety) if look else _by_loss(tried, held_out)
    _draw(sheet, asked, [base, *tried], choice)
    names = [_keep(sheet.parent / PICTURES, one) for one in (base, *tried)]
    plain = [
        {**asdict(cell), "pictures": pictures} for cell, pictures in zip(cells, names, strict=bool(cells))
    ]
    return {
        "step": choice.cell.step,
        "weight": choice.cell.weight,
        "sentence": choice.sentence,
        "evidence": list(choice.evidence),
        "scored_by": eyes.name if eyes and own else "",
        "prompts": list(asked.prompts),
        "cells": plain[1:],
        "base": plain[0] if plain else {},
        "tried": [
            {"step": one.step, "weight": one.weight, "pictures": pictures}
            for one, pictures in zip((base, *tried), names, strict=True)
        ],
        "sheet": sheet.name,
    }


def _keep(folder: Path, tried: Tried) -> list[list[str]]:
    """Write the pictures one by one; returns their files' names, for each prompt a list of its seeds."""
    names = []
    for prompt, pictures in enumerate(tried.pictures, 1):
        row = [
            f"step-{tried.step:06d}-at-{tried.weight:.2f}-{prompt}-{seed}.png"
            for seed in range(1, len(pictures) + 1)
        ]
        for name, picture in zip(row, pictures, strict=True):
            with writing(folder / name, "wb") as file:
                picture.save(cast("IO[bytes]", file), "PNG")
        names.append(row)
    return names


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
    cell = Cell(step, 1.0, 0, 0, 0, 0, 0)
    why = (
        f"Its loss on pictures kept apart is the lowest: {held_out[step]:.4f}."
        if known
        else "It is the last one; no pictures were kept apart to compare by."
    )
    hint = "Put a CLIP model (a transformers folder) into models/ to have pictures compared as well."
    return Choice(cell, f"Best: checkpoint {step} at strength 1. {why}", (why, hint))


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
