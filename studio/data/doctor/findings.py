"""Findings: what a check is given to look at, and what it may say of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.data.crops import Crop
from studio.data.dataset import Dataset, Picture
from studio.data.doctor.viewing import View
from studio.models.facts import BaseFacts

Facts = Mapping[str, Any]
"""What the checks measured of one picture, by their names."""


@dataclass(frozen=True)
class Mend:
    """A button: `mend(folder, action, arguments)` does it.

    Where `opens` is given the page opens that instead, because the person decides what to do there:
    "caption" (a captioning job), "editor" (the caption), "replace" (find and replace), "crop", "mask"
    or "trigger"; `arguments` says with what.
    """

    label: str
    action: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    opens: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that is worth mending, in plain words."""

    check: str
    title: str
    """What it is: "2 pictures are blurred"."""
    sentence: str
    """Why it matters in a training, and what to do."""
    pictures: tuple[Path, ...] = ()
    mends: tuple[Mend, ...] = ()
    serious: bool = False
    """Whether a training would suffer so much that one should not begin it."""
    verdict: str = ""
    """Its part of the verdict line: "2 blurred pictures are worth a look"."""
    groups: tuple[tuple[Path, ...], ...] = ()
    """Pictures that belong together, the best first."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """A few words on a picture, by its name."""
    crops: Mapping[str, Crop] = field(default_factory=dict)
    """What a bucket keeps of a picture, by its name."""


@dataclass(frozen=True)
class Report:
    """What the doctor says of a dataset; the most severe finding first."""

    verdict: str
    findings: tuple[Finding, ...]
    ready: bool
    state: str = ""
    """The beginning of the verdict: how many pictures there are, and whether they are ready."""


@dataclass(frozen=True)
class Case:
    """A dataset with all that was measured of it."""

    dataset: Dataset
    facts: Mapping[Path, Facts]
    """Of the pictures that could be decoded to their last pixel."""
    base: BaseFacts | None
    trigger: str
    crops: Mapping[str, Crop]
    """By the pictures' names."""
    masks: frozenset[Path]
    """The pictures that have a mask."""
    features: Mapping[Path, NDArray[np.float32]]
    """What an image tower made of the pictures; of none before it looked at them."""

    def sound(self) -> Iterator[tuple[Picture, Facts]]:
        """The pictures that a training can use, with their facts."""
        for picture in self.dataset.pictures:
            if picture.path in self.facts:
                yield picture, self.facts[picture.path]

    def size(self, picture: Picture) -> tuple[int, int]:
        """Width and height of what is trained on: a picture without what its crop leaves out."""
        crop = self.crops.get(picture.path.name)
        return picture.size if crop is None else crop.size(picture.size)

    def captioned(self) -> list[Picture]:
        """The pictures that have a caption."""
        return [picture for picture in self.dataset.pictures if picture.caption.strip()]


class Check(ABC):
    """One thing the doctor looks for. A module in `checks/` has one instance as its `ENTRY`."""

    name: str
    """What a filter calls it: `problem:blurred`."""
    title: str
    order: int = 100
    """The more severe, the lower."""
    measures = False
    """Whether it measures pictures."""
    version = 1
    """Of the way in which it measures; with another one all pictures are measured again."""

    def measure(self, view: View) -> Any:
        """What is worth knowing of one picture, as JSON can hold it; found again as `facts[name]`."""
        return None

    @abstractmethod
    def look(self, case: Case) -> Sequence[Finding]:
        """What is found, often nothing."""


def names(pictures: Sequence[Picture]) -> list[str]:
    """The file names of pictures, as the arguments of a mend."""
    return [picture.path.name for picture in pictures]


def paths(pictures: Sequence[Picture]) -> tuple[Path, ...]:
    """The paths of pictures, as in a finding."""
    return tuple(picture.path for picture in pictures)


def told(count: int, text: str) -> str:
    """A text in the singular or the plural: "{n} picture{s} {are} blurred", "Take {them} out"."""
    words = SINGULAR if count == 1 else PLURAL
    return text.format(n=count, **words)


def take_out(pictures: Sequence[Picture]) -> Mend:
    """The button that moves pictures out of the dataset."""
    return Mend(told(len(pictures), "Take {them} out"), "remove", {"pictures": names(pictures)})


SINGULAR = {"s": "", "are": "is", "have": "has", "were": "was", "them": "it"}
PLURAL = {word: word for word in SINGULAR}
