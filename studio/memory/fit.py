"""Fit: what the phases of a job need, set beside a card; without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from studio.memory.allowance import GIB, ROOM, allowance

AWAY = ("offload",)  # values of a setting that move the base off the card

Verdict = Literal["fits", "tight", "too big"]


@dataclass(frozen=True)
class Card:
    """A graphics card, or the machine's own memory; sizes in bytes, `free` of all programs.

    `precision` is the one that suits it best: "bf16", "fp16" on cards before 2020, "fp32" on the processor.
    """

    name: str
    total: int
    free: int
    precision: str = "bf16"

    @property
    def is_card(self) -> bool:
        """Whether it is one."""
        return self.precision != "fp32"


@dataclass(frozen=True)
class Phase:
    """A part of a job and the bytes that it needs at most, counted."""

    name: str
    title: str
    bytes: int


@dataclass(frozen=True)
class Saver:
    """A setting that would need less: what it frees, in bytes, and what it costs, in words."""

    field: str
    value: Any
    title: str
    frees: int
    costs: str


@dataclass(frozen=True)
class Fit:
    """All phases against a card; `allowance` comes on top of each of them."""

    phases: tuple[Phase, ...]
    card: Card | None
    allowance: int
    verdict: Verdict
    savers: tuple[Saver, ...]
    sentence: str

    @property
    def peak(self) -> int:
        """The counted bytes of the phase that needs most."""
        return max(phase.bytes for phase in self.phases)

    @property
    def needs(self) -> int:
        """What the card must have free."""
        return self.peak + self.allowance


def judged(
    peaks: Mapping[str, int], titles: Mapping[str, str], card: Card | None, savers: Sequence[Saver]
) -> Fit:
    """The fit of counted peaks; where the job already fits, savers are still told.

    Not those that move something off a card where there is none: it frees nothing there.
    """
    phases = tuple(Phase(name, titles[name], peaks[name]) for name in titles if name in peaks)
    most = max(phases, key=lambda phase: phase.bytes)
    beside = allowance(most.bytes) if card is None or card.is_card else 0
    needs = most.bytes + beside
    verdict = _verdict(needs, card)
    if card is not None and not card.is_card:
        savers = [saver for saver in savers if saver.value not in AWAY]
    return Fit(phases, card, beside, verdict, tuple(savers), _sentence(most, needs, card, verdict))


def this_card() -> Card | None:
    """The first NVIDIA card of this machine, asked of its driver; None without one."""
    import pynvml

    try:
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        since_ampere = pynvml.nvmlDeviceGetCudaComputeCapability(handle) >= (8, 0)
        name = str(pynvml.nvmlDeviceGetName(handle))
    except pynvml.NVMLError:
        return None
    return Card(name, int(memory.total), int(memory.free), "bf16" if since_ampere else "fp16")


def this_machine() -> Card:
    """The card, or without one the machine's own memory."""
    import psutil

    memory = psutil.virtual_memory()
    return this_card() or Card("this machine", int(memory.total), int(memory.available), "fp32")


def card_of(gib: float, precision: str = "bf16") -> Card:
    """A card of so many GiB that is not there."""
    return Card(f"{gib:g} GB", int(gib * GIB), int(gib * GIB), precision)


def _verdict(needs: int, card: Card | None) -> Verdict:
    if card is None or needs <= (1 - ROOM) * card.free:
        return "fits"
    return "tight" if needs <= card.free else "too big"


def _sentence(most: Phase, needs: int, card: Card | None, verdict: Verdict) -> str:
    told = f"It needs up to {in_words(needs)}, in “{most.title}”"
    if card is None:
        return f"{told}."
    where = f"{in_words(card.free)} that {card.name} has free"
    if verdict == "too big":
        return f"{told}: {in_words(needs - card.free)} more than the {where}."
    if verdict == "tight":
        return f"{told}, of the {where}: close other programs that use it."
    return f"{told}, of the {where}."


def in_words(size: int) -> str:
    """ "5.6 GiB"; below a tenth of one in MiB."""
    return f"{size / GIB:.1f} GiB" if size >= GIB / 10 else f"{size / 2**20:.0f} MiB"
