"""What a run recorded of its memory: real peaks beside the estimate, and what to try when it was short."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.memory.fit import in_words
from studio.train.memory.metering import ProcessMeter
from studio.train.memory.phases import PHASES
from studio.train.memory.watching import FILE


@dataclass(frozen=True)
class Recorded:
    """For each phase (title, real peak, estimate) in words; the `saver` to go on with, where one is known.

    On the processor the real peaks hold the program itself and its libraries, the estimates do not.
    """

    phases: tuple[tuple[str, str, str], ...] = ()
    saver: dict[str, Any] | None = None
    on_processor: bool = False


def read_memory(run: Path) -> Recorded:
    """The record of a run's folder; nothing where there is none."""
    try:
        record = json.loads((run / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Recorded()
    phases = tuple(
        (PHASES[name].title, in_words(told["peak"]), in_words(told["estimate"]) if told["estimate"] else "")
        for name, told in record.get("phases", {}).items()
        if name in PHASES and told["peak"]
    )
    on_processor = record.get("card") == ProcessMeter.name
    return Recorded(phases, record.get("short", {}).get("saver"), on_processor)
