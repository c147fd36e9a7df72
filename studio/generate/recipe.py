"""Recipes: how a picture was made, carried by the picture itself.

A picture of the studio has two texts: `parameters`, which is what A1111 writes and other programs
read, and `studio`, the whole recipe in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.errors import PictureError
from studio.generate.parameters import Parameters
from studio.generate.pictures import PARAMETERS, WHOLE, read_texts
from studio.generate.programs import PROGRAMS
from studio.generate.prompts.tags import lora_tag
from studio.generate.samplers._base import Sampler
from studio.generate.settings import SAMPLERS, SCHEDULES


@dataclass(frozen=True)
class UsedAdapter:
    """An adapter in a picture's mix; `hash` is its data's SHA-256, or as much of it as is known."""

    name: str
    weight: float
    text: float | None = None
    hash: str = ""

    @property
    def stem(self) -> str:
        """The name without folders, by which other programs call it."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True)
class Recipe:
    """How one picture was made.

    `values` are settings of a generation that paints this very picture; of another program's
    picture they are those that the studio has too, and `notes` say what was left out. `written` is what
    the person wrote where that was something else: lots and styles. `scheduler` is the diffusers class
    that the sampler stood for, `model_hash` SHA-256 in hex, `program` what made the picture.
    """

    values: Mapping[str, Any]
    model: str = ""
    model_hash: str = ""
    scheduler: str = ""
    adapters: tuple[UsedAdapter, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    program: str = "LoRA Studio"

    def texts(self) -> dict[str, str]:
        """The texts that a picture carries."""
        return {PARAMETERS: parameters_text(self), WHOLE: self.to_json()}

    def to_json(self) -> str:
        """The whole recipe, as `read_recipe` reads it from a file."""
        return json.dumps({"recipe": 1, **asdict(self)}, ensure_ascii=False)


def read_recipe(path: Path) -> Recipe:
    """The recipe in a picture of the studio or of another program, or in a JSON file.

    Raises `PictureError` if the file is no picture, or has no recipe in it that can be read.
    """
    if path.suffix.lower() == ".json":
        return _from_file(path)
    texts = read_texts(path)
    for program in PROGRAMS:
        try:
            recipe = program.read(texts)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
            continue  # damaged, or of another program that uses the same names
        if recipe is not None:
            return recipe
    raise PictureError(
        f"{path.name} does not say how it was made",
        why="Its settings were not saved in it, or were lost when it was changed or sent",
    )


def parameters_text(recipe: Recipe) -> str:
    """What A1111 would have written for this recipe, with the adapters as tags in the prompt."""
    values, sampler = recipe.values, _sampler_of(recipe)
    tags = [lora_tag(used.stem, used.weight, used.text) for used in recipe.adapters]
    fields = {
        "Steps": str(values["steps"]),
        "Sampler": sampler.label if sampler else recipe.scheduler,
        "Schedule type": SCHEDULES.get(values.get("schedule", "auto")).title if sampler else "",
        "CFG scale": f"{values['guidance']:g}",
        "Seed": str(values["seed"]),
        "Size": f"{values['width']}x{values['height']}",
        "Model hash": recipe.model_hash[:10],
        "Model": recipe.model,
        **_more_fields(values),
        "Lora hashes": ", ".join(f"{used.stem}: {used.hash[:12]}" for used in recipe.adapters),
        "Version": f"LoRA Studio {recipe.versions.get('studio', '')}".strip(),
    }
    return Parameters(" ".join([values["prompt"], *tags]).strip(), values["negative"], fields).to_text()


def _more_fields(values: Mapping[str, Any]) -> dict[str, str]:
    """What is only said where it was used."""
    told: dict[str, str] = {}
    if values.get("clip_skip"):
        told["Clip skip"] = str(values["clip_skip"])
    if values.get("rescale"):
        told["CFG Rescale Phi"] = f"{values['rescale']:g}"
    if values.get("variation"):
        told["Variation seed"] = str(values["variation_seed"])
        told["Variation seed strength"] = f"{values['variation']:g}"
    if values.get("image"):
        told["Denoising strength"] = f"{values['strength']:g}"
    if values.get("upscale", 1) > 1:
        told["Denoising strength"] = f"{values['upscale_strength']:g}"
        told["Hires upscale"] = f"{values['upscale']:g}"
        told["Hires upscaler"] = values["upscaler"]
    return told


def _sampler_of(recipe: Recipe) -> Sampler | None:
    """The sampler that people have a name for; the base's own may be one of those too."""
    chosen = SAMPLERS.get(recipe.values["sampler"])
    if chosen.label:
        return chosen
    found = (each for each in SAMPLERS if recipe.scheduler in (each.scheduler, each.flow) and each.label)
    return next(found, None)


def _from_file(path: Path) -> Recipe:
    try:
        text = path.read_text(encoding="utf-8")
        recipe = next((found for each in PROGRAMS if (found := each.read({WHOLE: text}))), None)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise PictureError(f"{path.name} cannot be read as a recipe", why=str(fault)[:200]) from None
    if recipe is None:
        raise PictureError(f"{path.name} is no recipe", remedy="Give one that the studio wrote.")
    return recipe
