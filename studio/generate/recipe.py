"""Recipes: how a picture was made, carried by the picture itself.

A PNG of the studio has two texts: `parameters`, which is what A1111 writes and other programs
read, and `studio`, the whole recipe in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from studio.errors import PictureError, SettingsError
from studio.generate.parameters import Parameters, read_parameters
from studio.generate.pictures import read_texts
from studio.generate.prompt import lora_tag, take_loras
from studio.generate.samplers._base import Sampler
from studio.generate.settings import SAMPLERS, GenerateSettings

CHUNK = "studio"


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
    picture they are those that the studio has too, and `notes` say what was left out.
    `scheduler` is the diffusers class that the sampler stood for, `model_hash` SHA-256 in hex.
    """

    values: Mapping[str, Any]
    model: str = ""
    model_hash: str = ""
    scheduler: str = ""
    adapters: tuple[UsedAdapter, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def texts(self) -> dict[str, str]:
        """The texts that a PNG carries."""
        whole = json.dumps({"recipe": 1, **asdict(self)}, ensure_ascii=False)
        return {"parameters": parameters_text(self), CHUNK: whole}


def read_recipe(path: Path) -> Recipe:
    """The recipe in a picture of the studio, or of a program that writes as A1111 does.

    Raises `PictureError` if the file is no picture, or has no recipe in it.
    """
    texts = read_texts(path)
    if CHUNK in texts:
        try:
            return _from_json(texts[CHUNK])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            pass  # damaged, or of another program of that name
    parameters = read_parameters(texts.get("parameters", ""))
    if parameters is None:
        raise PictureError(
            f"{path.name} does not say how it was made",
            why="Its settings were not saved in it, or were lost when it was changed or sent",
        )
    return _from_parameters(parameters)


def parameters_text(recipe: Recipe) -> str:
    """What A1111 would have written for this recipe, with the adapters as tags in the prompt."""
    values, sampler = recipe.values, _sampler_of(recipe)
    tags = [lora_tag(used.stem, used.weight, used.text) for used in recipe.adapters]
    fields = {
        "Steps": str(values["steps"]),
        "Sampler": sampler.label if sampler else recipe.scheduler,
        "Schedule type": sampler.schedule_type if sampler else "",
        "CFG scale": f"{values['guidance']:g}",
        "Seed": str(values["seed"]),
        "Size": f"{values['width']}x{values['height']}",
        "Model hash": recipe.model_hash[:10],
        "Model": recipe.model,
        "Lora hashes": ", ".join(f"{used.stem}: {used.hash[:12]}" for used in recipe.adapters),
        "Version": f"LoRA Studio {recipe.versions.get('studio', '')}".strip(),
    }
    return Parameters(" ".join([values["prompt"], *tags]).strip(), values["negative"], fields).to_text()


def _sampler_of(recipe: Recipe) -> Sampler | None:
    """The sampler that people have a name for; the base's own may be one of those too."""
    chosen = SAMPLERS.get(recipe.values["sampler"])
    if chosen.label:
        return chosen
    return next((sampler for sampler in SAMPLERS if sampler.scheduler == recipe.scheduler), None)


def _from_json(text: str) -> Recipe:
    content = json.loads(text)
    values, notes = _usable(content["values"])
    return Recipe(
        values,
        model=str(content["model"]),
        model_hash=str(content["model_hash"]),
        scheduler=str(content["scheduler"]),
        adapters=tuple(UsedAdapter(**used) for used in content["adapters"]),
        versions={str(name): str(version) for name, version in content["versions"].items()},
        notes=notes,
    )


def _from_parameters(parameters: Parameters) -> Recipe:
    fields, notes = parameters.fields, []
    width, _, height = fields.get("Size", "").partition("x")
    values: dict[str, Any] = {
        "prompt": parameters.prompt,
        "negative": parameters.negative,
        "steps": fields.get("Steps"),
        "guidance": fields.get("CFG scale"),
        "seed": fields.get("Seed"),
        "width": width,
        "height": height,
    }
    try:
        values["prompt"], mix = take_loras(parameters.prompt)
        values["adapters"] = mix
    except SettingsError as fault:
        mix = ()
        notes.append(str(fault))
    sampler = _sampler_called(fields.get("Sampler", ""), fields.get("Schedule type", ""))
    if sampler is not None:
        values["sampler"] = sampler.name
    elif "Sampler" in fields:
        notes.append(f"The studio has no sampler “{fields['Sampler'][:60]}”.")
    usable, refused = _usable({name: value for name, value in values.items() if value not in (None, "")})
    hashes = dict(_pairs(fields.get("Lora hashes", "")))
    return Recipe(
        usable,
        model=fields.get("Model", ""),
        model_hash=fields.get("Model hash", ""),
        adapters=tuple(UsedAdapter(m.name, m.weight, m.text, hashes.get(m.name, "")) for m in mix),
        notes=(*notes, *refused),
    )


def _usable(values: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Those of the values that are settings and possible ones, and a sentence for each of the others."""
    usable, refused = {}, []
    for name, value in values.items():
        try:
            usable[name] = GenerateSettings.parse({name: value}).model_dump(mode="json")[name]
        except SettingsError as fault:
            refused.append(str(fault))
    return usable, tuple(refused)


def _sampler_called(label: str, schedule_type: str) -> Sampler | None:
    """A1111 once had the schedule in the name; now “Automatic” is Karras where there is the choice."""
    namesakes = [sampler for sampler in SAMPLERS if label and sampler.label == label]
    for sampler in SAMPLERS:
        if (sampler in namesakes and sampler.schedule_type == schedule_type) or (
            not schedule_type and sampler.title == label
        ):
            return sampler
    return namesakes[-1] if namesakes else None


def _pairs(hashes: str) -> list[tuple[str, str]]:
    split = (pair.rpartition(":") for pair in hashes.split(","))
    return [(name.strip(), hash_.strip()) for name, _, hash_ in split]
