"""The `parameters` text of a picture, as A1111 writes it and many programs read it.

a red fox <lora:ink:0.8>
Negative prompt: blurred
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 6.5, Seed: 9, Size: 512x512
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

NEGATIVE = "Negative prompt:"
FIELD = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
HASHES = re.compile(r"\bHashes: (\{[^{}]*\})")
"""The one field that some write as JSON without quoting it."""
FEWEST_FIELDS = 3  # fewer, and the last line is one of the prompt
LONGEST_LINE = 10_000  # characters of it that are looked at


@dataclass(frozen=True)
class Parameters:
    """The text in its parts; `fields` are those of the last line, in order."""

    prompt: str
    negative: str
    fields: Mapping[str, str]

    def to_text(self) -> str:
        """As it is written into a picture; empty fields are left out."""
        fields = ", ".join(f"{name}: {_quoted(value)}" for name, value in self.fields.items() if value)
        negative = [f"{NEGATIVE} {self.negative}"] if self.negative else []
        return "\n".join([self.prompt, *negative, fields])


def read_parameters(text: str) -> Parameters | None:
    """The parts of such a text; None if it is none."""
    *lines, last = text.strip().split("\n")
    last = last[:LONGEST_LINE]
    hashes = HASHES.search(last)
    fields = {name: _unquoted(value) for name, value in FIELD.findall(HASHES.sub("", last))}
    fields |= {"Hashes": hashes[1]} if hashes else {}
    if len(fields) < FEWEST_FIELDS:
        return None
    split = next((i for i, line in enumerate(lines) if line.strip().startswith(NEGATIVE)), len(lines))
    prompt, negative = ("\n".join(part).strip() for part in (lines[:split], lines[split:]))
    return Parameters(prompt, negative.removeprefix(NEGATIVE).strip(), fields)


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False) if re.search(r"[,:\n]", value) else value


def _unquoted(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value.strip()
    except ValueError:
        return value
