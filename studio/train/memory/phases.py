"""The phases of a training that need memory, and what stands for them in sentences."""

from __future__ import annotations

from typing import NamedTuple


class Named(NamedTuple):
    """A phase as a bar is labelled, and as a sentence goes on after “while”."""

    title: str
    doing: str


PHASES = {
    "text": Named("Captions", "encoding the captions"),
    "latents": Named("Pictures", "encoding the pictures"),
    "step": Named("Training step", "training"),
    "sampling": Named("Samples", "painting samples"),
    "saving": Named("Saving", "saving"),
}
