"""Prompts that change while a picture is painted, as A1111 reads them.

`[a:b:0.5]` is a for the first half of the steps, then b; `[a:b:8]` until step 8; `[b:0.5]` begins and
`[a::0.5]` ends there. `[a|b]` takes turns at every step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

NUMBER = re.compile(r"\s*(\d+|\d*\.\d+|\d+\.)\s*")
DEEPEST = 40  # brackets in one another that are looked into


@dataclass(frozen=True)
class Until:
    """A prompt up to and with a step, counted from 1."""

    step: int
    text: str


def read_schedule(prompt: str, steps: int) -> list[Until]:
    """The prompt of each stretch of the steps."""
    found: list[Until] = []
    for step in range(1, max(1, steps) + 1):
        text = prompt_at(prompt, step, steps)
        if found and found[-1].text == text:
            found.pop()
        found.append(Until(step, text))
    return found


def prompt_at(prompt: str, step: int, steps: int, *, depth: int = 0) -> str:
    """The prompt at one step, counted from 1; brackets that are weights stay."""
    if "[" not in prompt or depth > DEEPEST:
        return prompt
    told, at = "", 0
    while at < len(prompt):
        if prompt[at] == "\\":
            told, at = told + prompt[at : at + 2], at + 2
            continue
        end = _closing(prompt, at) if prompt[at] == "[" else -1
        if end < 0:
            told, at = told + prompt[at], at + 1
            continue
        inside = prompt[at + 1 : end]
        chosen = _chosen(inside, step, steps)
        inner = prompt_at(inside if chosen is None else chosen, step, steps, depth=depth + 1)
        told, at = told + (f"[{inner}]" if chosen is None else inner), end + 1
    return told


def _chosen(inside: str, step: int, steps: int) -> str | None:
    """What stands at a step for what brackets hold; None for brackets that are weights."""
    turns = _split(inside, "|")
    if len(turns) > 1:
        return turns[(step - 1) % len(turns)]
    parts = _split(inside, ":")
    if len(parts) in (2, 3) and NUMBER.fullmatch(parts[-1]):
        before, after = parts[0] if len(parts) == 3 else "", parts[-2]
        return before if step <= _last_step(parts[-1].strip(), steps) else after
    return None


def _last_step(when: str, steps: int) -> int:
    """With a dot, a part of the steps; else the step itself."""
    return min(steps, int(float(when) * steps) if "." in when else int(when))


def _closing(text: str, start: int) -> int:
    """Where the bracket at `start` ends; -1 if it does not."""
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            depth += 1
        elif text[at] == "]":
            depth -= 1
            if not depth:
                return at
        at += 1
    return -1


def _split(text: str, mark: str) -> Sequence[str]:
    """The parts between marks that stand in no brackets."""
    parts, depth, at = [""], 0, 0
    while at < len(text):
        one = text[at : at + 2] if text[at] == "\\" else text[at]
        depth += (one in "([") - (one in ")]")
        if one == mark and depth <= 0:
            parts.append("")
        else:
            parts[-1] += one
        at += len(one)
    return parts
