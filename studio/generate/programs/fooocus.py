"""Fooocus: JSON where A1111 has its text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from studio.generate.pictures import PARAMETERS
from studio.generate.programs._base import Program

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe, UsedAdapter

FIELDS = {"seed": "seed", "steps": "steps", "guidance_scale": "guidance", "clip_skip": "clip_skip"}
KEEPS_OWN = {"sharpness": "Its sharpness", "refiner_model": "Its refiner"}


class Fooocus(Program):
    """Its own scheme; with A1111's scheme its pictures are read as those."""

    name = "fooocus"
    title = "Fooocus"
    order = 30

    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe in the JSON, with the words that its styles put around the prompt."""
        from studio.generate.programs._values import make_recipe, sampling, size

        text = texts.get(PARAMETERS, "").strip()
        if not text.startswith("{"):
            return None
        told = json.loads(text)
        if "base_model" not in told or "prompt" not in told:
            return None
        chosen, notes = sampling(str(told.get("sampler", "")), str(told.get("scheduler", "")))
        values = {name: told.get(field) for field, name in FIELDS.items()}
        styled = str(told.get("styles", "[]")) not in ("[]", "")
        words = {
            "prompt": _words(told, "full_prompt" if styled else "prompt"),
            "negative": _words(told, "full_negative_prompt" if styled else "negative_prompt"),
        }
        for field, called in KEEPS_OWN.items():
            if str(told.get(field) or "None") not in ("None", "", "0", "0.0"):
                notes.append(f"{called} ({str(told[field])[:40]}) was left out.")
        return make_recipe(
            self.title,
            {**words, **values, **size(str(told.get("resolution", ""))), **chosen},
            adapters=_adapters(told),
            model=str(told["base_model"]).removesuffix(".safetensors"),
            model_hash=str(told.get("base_model_hash", "")),
            notes=notes,
        )


def _words(told: Mapping[str, Any], field: str) -> str:
    words = told.get(field) or told.get(field.removeprefix("full_")) or ""
    return ", ".join(map(str, words)) if isinstance(words, list) else str(words)


def _adapters(told: Mapping[str, Any]) -> Iterator[UsedAdapter]:
    """`loras` has name, weight and hash; older ones only `lora_combined_1`: “name : weight”."""
    from studio.generate.recipe import UsedAdapter

    listed = told.get("loras")
    if isinstance(listed, list):
        for name, weight, *rest in listed:
            yield UsedAdapter(_stem(str(name)), float(weight), None, str(rest[0]) if rest else "")
        return
    for field, value in told.items():
        if field.startswith("lora_combined_"):
            name, _, weight = str(value).rpartition(" : ")
            yield UsedAdapter(_stem(name), float(weight))


def _stem(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].removesuffix(".safetensors")


ENTRY = Fooocus()
