"""Comparing: what two pictures have in common, and what tells one from the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.generate.recipe import Recipe
from studio.generate.samplers import SAMPLERS

SHORT = 60  # characters of a prompt
FIRST = 2  # differences that a label has room for


def compared(left: Recipe, right: Recipe) -> tuple[str, str, str]:
    """What is the left picture's own in a few words, what the right one's, and all of it in sentences."""
    sides = _told(left), _told(right)
    apart = [name for name in sides[0] if sides[0][name] != sides[1][name]]
    if not apart:
        return "left", "right", "Both were painted with the same settings."
    left, right = (" · ".join(side[name] for name in apart[:FIRST]) for side in sides)
    whole = [", ".join(side[name] for name in apart) for side in sides]
    alike = f" Both show “{sides[0]['prompt']}”." if "prompt" not in apart and sides[0]["prompt"] else ""
    return left, right, f"Left: {whole[0]}. Right: {whole[1]}.{alike}"


def _told(recipe: Recipe) -> Mapping[str, str]:
    """What can tell pictures apart, in the order in which a person looks for it."""
    values: Mapping[str, Any] = recipe.values
    mix = [f"{used.stem} {used.weight:g}" for used in recipe.adapters]
    name = str(values.get("sampler", "auto"))
    return {
        "adapters": ", ".join(mix) or "no LoRA",
        "seed": f"seed {values.get('seed')}",
        "prompt": str(values.get("prompt", ""))[:SHORT],
        "negative": f"without {str(values.get('negative', ''))[:SHORT] or 'anything named'}",
        "sampler": next((each.title for each in SAMPLERS if each.name == name), name),
        "steps": f"{values.get('steps')} steps",
        "guidance": f"guidance {values.get('guidance'):g}" if values.get("guidance") else "guidance auto",
        "size": f"{values.get('width')} × {values.get('height')}",
        "upscale": f"upscaled {values['upscale']:g} times"
        if values.get("upscale", 1) > 1
        else "not upscaled",
        "model": recipe.model or "an unknown model",
    }
