"""Checking: what was made paints the same picture, at one seed, as the mix that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.adapters.metadata import AdapterFacts
from studio.adapters.mixing import Portion
from studio.errors import StudioError
from studio.generate.opened import Opened
from studio.workbench.job import Job
from studio.workbench.painting import paint

if TYPE_CHECKING:
    from PIL.Image import Image

SAME, NEAR = 1.0, 8.0  # mean difference of a dot, of 255
BARELY = 3  # the most that any dot may differ, to say just that


@dataclass(frozen=True)
class Scene:
    """What a picture is painted with: a base, and adapter files with their weights.

    With `as_in`, only those layers count that this file has too.
    """

    base: str
    parts: Sequence[tuple[Path, float]] = ()
    as_in: Path | None = None

    def portions(self, opened: Opened) -> list[Portion]:
        """The mix."""
        return [self._portion(opened, path, weight) for path, weight in self.parts]

    def _portion(self, opened: Opened, path: Path, weight: float) -> Portion:
        adapter = opened.read(path)
        if self.as_in is None:
            return Portion(adapter, weight)
        kept = opened.read(self.as_in).changes
        return Portion(adapter, weight, blocks={layer: 0.0 for layer in adapter.changes if layer not in kept})


@dataclass(frozen=True)
class Check:
    """Two pictures at one seed, and by how much they differ: of 255, on average and at most."""

    before: Path
    after: Path
    mean: float
    largest: int

    def sentence(self, *, exact: bool) -> str:
        """What it says of the new file; `exact` where both should be the same."""
        if not self.largest:
            return "At one seed it paints the very same picture as before."
        of = f"its dots differ by {self.mean:.2g} of 255 on average"
        if self.largest <= BARELY:
            of = f"no dot differs by more than {self.largest} of 255"
        if self.mean < SAME:
            return f"At one seed it paints the same picture as before ({of})."
        if self.mean < NEAR:
            return f"At one seed its picture is nearly that of before ({of})."
        if exact:
            return f"At one seed its picture is another than before ({of}): look at both before you use it."
        return f"At one seed its picture is another than before ({of}), as can be with what was left out."


def check(job: Job, before: Scene, after: Scene, *, exact: bool = True) -> Check | None:
    """Paint both, show both, and say how they differ; None, with a note, where that cannot be."""
    try:
        words = ""
        pictures: list[Image] = []
        for number, scene in enumerate((before, after)):
            job.watch("Painting with it" if number else "Painting what it was made of")(number, 2)
            opened = job.opened(scene.base)
            portions = scene.portions(opened)
            words = words or prompt_for(opened, portions)
            opened.apply(portions)
            pictures.append(paint(job, opened, words))
        opened.apply([])
    except StudioError as fault:
        job.note(f"It was not checked by a picture. {fault}")
        return None
    found = compared(pictures[0], pictures[1], job.folder)
    text = found.sentence(exact=exact)
    job.context.artifact(
        "check", found.after, before=str(found.before), text=text, prompt=words, mean=found.mean
    )
    return found


def prompt_for(opened: Opened, portions: Sequence[Portion]) -> str:
    """A prompt that calls all adapters by their trigger words."""
    told = [AdapterFacts.from_metadata(portion.adapter.metadata).trigger for portion in portions]
    called = " ".join(dict.fromkeys(filter(None, told)))
    return opened.model.family.defaults.subject_prompt.format(subject=called or "something")


def compared(before: Image, after: Image, folder: Path) -> Check:
    """Save both, and measure."""
    import numpy as np

    paths = folder / "before.png", folder / "after.png"
    for picture, path in zip((before, after), paths, strict=True):
        picture.save(path)
    apart = np.abs(np.asarray(before, dtype=np.int16) - np.asarray(after, dtype=np.int16))
    return Check(*paths, mean=float(apart.mean()), largest=int(apart.max()))
