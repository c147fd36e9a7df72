"""The LoRAs that are named in a prompt."""

from __future__ import annotations

import re

from studio.errors import SettingsError
from studio.generate.settings import Mix

TAG = re.compile(r"<lora:([^:>]+)((?::[^:>]*)*)>")


def take_loras(prompt: str) -> tuple[str, tuple[Mix, ...]]:
    """The prompt without its `<lora:name:weight>` and `<lora:name:text:unet>`, and the mix they name.

    Raises `SettingsError` for a weight that is no number, or out of range.
    """
    mix = tuple(_mix(found) for found in TAG.finditer(prompt))
    return re.sub(r"[ \t]{2,}", " ", TAG.sub("", prompt)).strip() if mix else prompt, mix


def lora_tag(name: str, weight: float, text: float | None = None) -> str:
    """The tag that stands for an adapter in a prompt."""
    return f"<lora:{name}:{weight:g}>" if text is None else f"<lora:{name}:{text:g}:{weight:g}>"


def _mix(found: re.Match[str]) -> Mix:
    weights = [part.strip() for part in found[2].split(":")[1:]]
    names = {0: (), 1: ("weight",), 2: ("text", "weight")}.get(len(weights))
    try:
        if names is None:
            raise SettingsError("There are more than two weights")
        return Mix.parse({"name": found[1].strip(), **dict(zip(names, weights, strict=True))})
    except SettingsError as fault:
        raise SettingsError(
            f"Prompt: “{found[0][:80]}” cannot be used",
            why=str(fault),
            remedy="Write it like <lora:name:0.8>.",
            field="prompt",
        ) from None
