"""The machine: what it computes with, and which torch build that takes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CUDA_13_FROM = 7.5  # compute capability of Turing; CUDA 12.6 is the last that knows older cards


@dataclass(frozen=True)
class Card:
    """What the machine computes with.

    `backend` is uv's word for its torch build, "" for the package index's own; `gigabytes` the room that
    the installation needs.
    """

    title: str
    backend: str = ""
    gigabytes: int = 3


def find_card() -> Card:
    """The card of this machine, as far as its own tools tell."""
    nvidia = ask("nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader")
    if nvidia:
        return _newest(nvidia)
    if ask("nvidia-smi", "-L"):
        return Card("an NVIDIA card", "auto", 12)
    if sys.platform == "linux" and (shutil.which("rocm-smi") or Path("/opt/rocm").exists()):
        return Card("an AMD card", "auto", 20)
    if sys.platform == "darwin" and os.uname().machine == "arm64":
        return Card("Apple's own graphics")
    return Card("the processor alone, for no graphics card was found")


def _newest(lines: list[str]) -> Card:
    """The newest of NVIDIA's cards, from lines such as `NVIDIA GeForce RTX 3060, 8.6`."""
    cards = [(float(figure), name) for name, _, figure in (line.rpartition(", ") for line in lines)]
    capability, name = max(cards)
    return Card(name, "auto" if capability >= CUDA_13_FROM else "cu126", 12)


def ask(*command: str) -> list[str]:
    """The lines a program prints; none where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines() if done.returncode == 0 else []
