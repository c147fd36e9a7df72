"""Watching memory while a training runs: the real peak of each phase, spill, and a way out of a full card."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

from studio.errors import OutOfMemory, StudioError, explain
from studio.jobs.context import Context
from studio.train.fitting import Fit, Saver, changes_of, known
from studio.train.memory.metering import Meter, meter_of_this_machine
from studio.train.memory.phases import PHASES
from studio.train.settings import TrainSettings
from studio.workspace import writing

FILE = "memory.json"
GROWN = 1.01  # times the peak told last, before it is told again
SLOW = 5.0  # times the usual length, at which a step may have spilled
FULL = 0.04  # of the card: with less than this left it is full
REMEMBERED, ENOUGH = 50, 5  # steps whose length is the usual one; so many are needed to know it
BEGUN_WITH = ("optimizer",)
"""Settings that a training keeps from its first step, because its state is made for them."""
UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "bytes": 1}


class Watch:
    """The memory of one run, phase by phase, beside its estimate; written to `memory.json` in its folder.

    The file holds "card", "phases" (name → "peak" and "estimate" in bytes, 0 where unknown), "spilled" and,
    after the memory was not enough, "short" (phase, bytes, and the "saver" to try next, whose "changes" are
    what `Queue.resume` wants).
    """

    def __init__(self, context: Context, meter: Meter | None = None, fit: Fit | None = None) -> None:
        self.context, self.meter = context, meter or meter_of_this_machine()
        self.fit = fit or _estimate(context)
        self.peaks: dict[str, int] = {}
        self._told: dict[str, int] = {}
        self._lengths: deque[float] = deque(maxlen=REMEMBERED)
        self._spilled = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Measure what happens inside; raises `OutOfMemory` with what was lacking and what helps."""
        self.meter.begin()
        began = time.monotonic()
        try:
            yield
        except Exception as fault:
            if isinstance(fault, StudioError) or not isinstance(explain(fault), OutOfMemory):
                raise
            raise self._short(name, fault) from fault
        finally:
            self._note(name)
        if name == "step":
            self._look_for_spill(time.monotonic() - began)

    def record(self) -> dict[str, Any]:
        """What `memory.json` holds."""
        estimates = {phase.name: phase.bytes for phase in self.fit.phases} if self.fit else {}
        names = [name for name in PHASES if name in self.peaks or name in estimates]
        phases = {
            name: {"peak": self.peaks.get(name, 0), "estimate": estimates.get(name, 0)} for name in names
        }
        return {
            "card": self.meter.name,
            "total": self.meter.total,
            "phases": phases,
            "spilled": self._spilled,
        }

    def _note(self, name: str) -> None:
        peak = max(self.peaks.get(name, 0), self.meter.peak())
        self.peaks[name] = peak
        if peak > GROWN * self._told.get(name, 0):
            self._told[name] = peak
            self._write(self.record())
            estimate = self.record()["phases"][name]["estimate"]
            self.context.artifact("memory", phase=name, peak=peak, estimate=estimate)

    def _look_for_spill(self, seconds: float) -> None:
        """On Windows a full card goes on in the machine's memory, many times slower, and says nothing."""
        usual = median(self._lengths) if len(self._lengths) >= ENOUGH else 0.0
        slow = usual > 0 and seconds > SLOW * usual
        if slow and not self._spilled and self.meter.free() < FULL * self.meter.total:
            self._spilled = True
            self._write(self.record())
            self.context.artifact("spill", seconds=seconds, usual=usual)
            self.context.artifact("note", text=self._spill_in_words(seconds / usual))
        if not slow:
            self._lengths.append(seconds)

    def _spill_in_words(self, times: float) -> str:
        return (
            f"A step took {times:.0f} times as long as usual while the card is full: it has spilled into the "
            f"machine's memory. Close other programs that use the card, or press Pause and {self._advice()}."
        )

    def _short(self, name: str, fault: Exception) -> OutOfMemory:
        lacking, saver = _lacking(fault, self.meter.free()), self._next_saver()
        told: dict[str, Any] = {"phase": name, "bytes": lacking}
        if saver is not None:
            changes = changes_of(TrainSettings.parse(self.context.run.settings), saver)
            told["saver"] = {
                "field": saver.field, "value": saver.value, "title": saver.title, "changes": changes
            }  # fmt: skip
        self._note(name)
        self._write({**self.record(), "short": told})
        by = f": {lacking / 2**30:.1f} GiB more were wanted" if lacking else ""
        return OutOfMemory(
            f"The memory was not enough while {PHASES[name].doing}{by}",
            why=self._estimate_in_words(name),
            remedy=f"Nothing is lost: {self._advice()}, then Resume goes on from the last step.",
        )

    def _estimate_in_words(self, name: str) -> str:
        estimate = self.record()["phases"].get(name, {}).get("estimate", 0)
        if not estimate or not self.meter.total:
            return ""
        total = self.meter.total / 2**30
        return f"It was expected to need {estimate / 2**30:.1f} GiB of the card's {total:.1f} GiB"

    def _advice(self) -> str:
        saver = self._next_saver()
        return f"choose “{saver.title}”" if saver else "choose a smaller batch or a lower resolution"

    def _next_saver(self) -> Saver | None:
        savers = self.fit.savers if self.fit else ()
        return next((saver for saver in savers if saver.field not in BEGUN_WITH), None)

    def _write(self, record: Mapping[str, Any]) -> None:
        with writing(self.context.folder / FILE) as file:
            json.dump(record, file, indent=1)


def _estimate(context: Context) -> Fit | None:
    try:
        return known(TrainSettings.parse(context.run.settings), context.workspace)
    except StudioError:
        return None


def _lacking(fault: Exception, free: int) -> int:
    """Bytes that were asked for beyond what was free, from torch's own words; 0 where it does not say."""
    found = re.search(r"[Tt]ried to allocate ([\d.]+) ?(KiB|MiB|GiB|bytes)", str(fault))
    wanted = int(float(found[1]) * UNITS[found[2]]) if found else 0
    return max(0, wanted - free) or wanted
