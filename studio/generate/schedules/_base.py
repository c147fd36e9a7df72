"""What a schedule is: a name that people know, and the options of a diffusers scheduler that it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Schedule:
    """One way to spread the noise over the steps.

    `title` is the word in a picture's parameters, as A1111 writes it, `aliases` are those of other
    programs. `options` are set over a sampler's own; a sampler can follow it if its scheduler knows them.
    """

    name: str
    title: str
    options: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    order: int = 100
