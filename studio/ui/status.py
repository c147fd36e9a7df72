"""The status bar: the device, the memory in use, and the job in hand."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import psutil

from studio.jobs.requests import PAUSE, STOP
from studio.jobs.snapshot import JobView
from studio.ui.desk import Desk
from studio.ui.jobs_panel import STATES, in_words
from studio.ui.markup import render


@dataclass(frozen=True)
class Memory:
    """What a device holds, in bytes."""

    used: int
    total: int

    @property
    def fraction(self) -> float:
        """The part in use, from 0 to 1."""
        return self.used / self.total if self.total else 0.0


def status(desk: Desk) -> str:
    """The bar as HTML."""
    name, measure = device()
    jobs = desk.journal.queued()
    memory = measure()
    paused = _paused(desk)
    # Whole per cents and tenths of a gigabyte: the bar changes when there is something to see.
    return render(
        "status",
        device=name,
        percent=round(memory.fraction * 100),
        used=f"{memory.used / 2**30:.1f}",
        total=f"{memory.total / 2**30:.0f}",
        job=_in_hand(desk, jobs[0]) if jobs else "",
        percent_done=round(jobs[0].fraction * 100) if jobs else 0,
        waiting=len(jobs) - 1,
        paused=paused,
    )


def _in_hand(desk: Desk, job: JobView) -> str:
    asked = desk.asked(job)
    ending = "stopping" if STOP in asked else "pausing" if PAUSE in asked else ""
    return f"{in_words(job)} · {STATES[ending].lower()}" if ending else in_words(job)


def _paused(desk: Desk) -> str:
    """A training that was paused waits to be resumed, whatever else is done meanwhile."""
    last = desk.present("train")
    if last is None or last.state != "paused":
        return ""
    return f"“{last.run.title}” is paused · {last.step} of {last.total}"


@cache
def device() -> tuple[str, Callable[[], Memory]]:
    """The name of what computes, and how to measure its memory: NVIDIA, AMD on Linux, or the machine."""
    return _nvidia() or _amd() or (_machine(), _system_memory)


def _nvidia() -> tuple[str, Callable[[], Memory]] | None:
    import pynvml

    try:
        pynvml.nvmlInit()
        card = pynvml.nvmlDeviceGetHandleByIndex(0)
        name = pynvml.nvmlDeviceGetName(card)
    except pynvml.NVMLError:
        return None

    def measure() -> Memory:
        info = pynvml.nvmlDeviceGetMemoryInfo(card)
        return Memory(int(info.used), int(info.total))

    return (name if isinstance(name, str) else name.decode()), measure


def _amd() -> tuple[str, Callable[[], Memory]] | None:
    for total in Path("/sys/class/drm").glob("card*/device/mem_info_vram_total"):
        used = total.with_name("mem_info_vram_used")
        product = total.with_name("product_name")
        name = product.read_text().strip() if product.exists() else ""
        return name or "AMD graphics", partial(_from_files, used, total)
    return None


def _from_files(used: Path, total: Path) -> Memory:
    return Memory(int(used.read_text()), int(total.read_text()))


def _machine() -> str:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "Apple graphics"
    return f"Processor, {os.cpu_count()} cores"


def _system_memory() -> Memory:
    memory = psutil.virtual_memory()
    return Memory(memory.total - memory.available, memory.total)
