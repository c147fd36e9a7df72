"""AUTOMATIC1111's web UI, Forge, and all that write as they do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from studio.errors import SettingsError
from studio.generate.parameters import Parameters, read_parameters
from studio.generate.pictures import PARAMETERS
from studio.generate.programs._base import Program
from studio.generate.prompts.tags import take_loras
from studio.generate.settings_mix import Mix

if TYPE_CHECKING:
    from studio.generate.recipe import Recipe

FIELDS = {
    "Steps": "steps",
    "CFG scale": "guidance",
    "Seed": "seed",
    "Clip skip": "clip_skip",
    "CFG Rescale Phi": "rescale",
    "Variation seed": "variation_seed",
    "Variation seed strength": "variation",
}
"""Settings by their names in the last line."""
UPSCALED = {
    "Hires upscale": "upscale",
    "Denoising strength": "upscale_strength",
    "Hires upscaler": "upscaler",
}
DISTILLED = "Distilled CFG Scale"
"""Forge's name for the guidance that FLUX is told of; its own is 1 there."""


class A1111(Program):
    """The text `parameters`, in PNG chunks or in the EXIF of JPEG and WebP."""

    name = "a1111"
    title = "A1111"
    order = 90

    def read(self, texts: Mapping[str, str]) -> Recipe | None:
        """The recipe in the text; adapters are the tags of the prompt, with the hashes behind it."""
        from studio.generate.programs._values import make_recipe, sampling, size
        from studio.generate.recipe import UsedAdapter

        found = read_parameters(texts.get(PARAMETERS, ""))
        if found is None:
            return None
        fields, notes = found.fields, []
        prompt, mix = found.prompt, tuple[Mix, ...]()
        try:
            prompt, mix = take_loras(found.prompt)
        except SettingsError as fault:
            notes.append(str(fault))
        chosen, unknown = sampling(fields.get("Sampler", ""), fields.get("Schedule type", ""))
        if chosen and "Schedule type" not in fields:  # before it was named, it stood in the sampler's name
            chosen.setdefault("schedule", "uniform")
        hashes = _hashes(fields)
        forge = fields.get("Version", "").startswith("f") or DISTILLED in fields
        return make_recipe(
            "Forge" if forge else self.title,
            {
                "prompt": prompt,
                "negative": found.negative,
                **_values(found),
                **size(fields.get("Size", "")),
                **chosen,
            },
            adapters=[UsedAdapter(m.name, m.weight, m.text, hashes.get(m.name, "")) for m in mix],
            model=fields.get("Model", ""),
            model_hash=fields.get("Model hash", ""),
            notes=[*notes, *unknown, *_left_out(fields)],
        )


def _values(found: Parameters) -> dict[str, Any]:
    values: dict[str, Any] = {name: found.fields.get(field) for field, name in FIELDS.items()}
    if "Hires upscale" in found.fields:
        values |= {name: found.fields.get(field) for field, name in UPSCALED.items()}
        values["upscaler"] = "lanczos"  # theirs are not ours
    if DISTILLED in found.fields:
        values["guidance"] = found.fields[DISTILLED]
    if values["clip_skip"] == "1":
        values["clip_skip"] = None
    return values


def _hashes(fields: Mapping[str, str]) -> dict[str, str]:
    """The hashes of adapters by name, as A1111 itself writes them, or as JSON for a well-known site."""
    split = (pair.rpartition(":") for pair in fields.get("Lora hashes", "").split(","))
    found = {name.strip(): hash_.strip() for name, _, hash_ in split if name.strip()}
    try:
        told = json.loads(fields.get("Hashes", "{}"))
    except ValueError:
        told = {}
    for name, hash_ in told.items() if isinstance(told, dict) else ():
        kind, _, adapter = str(name).partition(":")
        if kind == "lora":
            found.setdefault(adapter, str(hash_))
    return found


def _left_out(fields: Mapping[str, str]) -> list[str]:
    notes = []
    if "Denoising strength" in fields and "Hires upscale" not in fields:
        notes.append("It began with a picture, which is not in it: choose the picture to start from.")
    if "Hires upscaler" in fields and "lanczos" not in fields["Hires upscaler"].casefold():
        notes.append(f"It was enlarged by “{fields['Hires upscaler'][:60]}”; here Lanczos takes its place.")
    notes += [
        f"“{name}” was left out." for name in fields if name.startswith(("ControlNet", "ADetailer model"))
    ]
    return notes


ENTRY = A1111()
