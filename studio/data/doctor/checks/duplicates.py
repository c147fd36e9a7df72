"""Pictures that are nearly the same: saved twice, made smaller, mirrored, or cropped a little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from studio.data.dataset import Picture
from studio.data.doctor.apart import apart
from studio.data.doctor.copies import Comparisons, small_copy
from studio.data.doctor.findings import Case, Check, Finding, Mend, told
from studio.data.doctor.grouping import Groups, best_first, worth
from studio.data.doctor.likeness import Features, nearest
from studio.data.doctor.viewing import View

CROPS = (0.9, 0.8)  # of the sides, in the middle and in the corners: what a hash is made of, too
SUSPECT = 16  # of 64 bits that differ; then the pixels are compared
SAME = 0.93  # correlation of the small copies; of different pictures it is 0.88 at most
NEAR = 0.95  # likeness to an image tower, which by itself is no proof: it takes bricks for grass
SAME_TO_A_MODEL = 0.78  # correlation that is enough then; of different pictures it was 0.56 at most


class Duplicates(Check):
    """Finds groups of near-duplicates, by ImageHash's perceptual hash and then by small copies."""

    name = "duplicates"
    title = "Near-duplicate"
    order = 37  # before shared captions: a twin that is taken out takes its caption along
    measures = True

    def __init__(self) -> None:
        self._comparisons = Comparisons()

    def measure(self, view: View) -> dict[str, Any]:
        """Hashes of the picture, its mirror image and its crops, and a small copy."""
        small = view.small.reduce(max(1, min(view.small.size) // 128))
        return {
            "whole": _hash(small),
            "mirrored": _hash(ImageOps.mirror(small)),
            "crops": [_hash(_cropped(small, *place)) for place in _places()],
            "copy": small_copy(view.small),
        }

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding with all groups; in each the best picture stays."""
        pictures = [picture for picture, _ in case.sound()]
        facts = [facts[self.name] for _, facts in case.sound()]
        features = [case.features.get(picture.path) for picture in pictures]
        both_stay = apart(case.dataset.folder)
        alike = self._groups(facts, features, lambda i, j: both_stay(pictures[i].path, pictures[j].path))
        groups = [best_first([pictures[i] for i in group]) for group in alike]
        if not groups:
            return ()
        extra = [picture for group in groups for picture in group[1:]]
        return [
            Finding(
                self.name,
                told(len(extra), "{n} picture{s} {are} nearly the same as another"),
                "The model sees such a picture more often than the others and learns it by heart: its pose "
                "and its background come back in everything. One of each group is enough.",
                tuple(picture.path for group in groups for picture in group),
                (_remove(extra),),
                verdict=told(len(extra), "{n} near-duplicate{s} {are} worth removing"),
                groups=tuple(tuple(picture.path for picture in group) for group in groups),
                notes={one.path.name: _note(one) for group in groups for one in group},
            )
        ]

    def _groups(
        self,
        facts: Sequence[dict[str, Any]],
        features: Sequence[Features | None],
        both_stay: Callable[[int, int], bool],
    ) -> list[list[int]]:
        """Who belongs together; whoever does already is not compared again."""
        groups = Groups()
        near = set(nearest(features, NEAR))
        copies = [one["copy"] for one in facts]
        for one, other in sorted(_suspects(facts) | near):
            if groups.together(one, other) or both_stay(one, other):
                continue
            enough = SAME_TO_A_MODEL if (one, other) in near else SAME
            if self._comparisons.alike(copies[one], copies[other]) >= enough:
                groups.join(one, other)
        return groups.found()


def _suspects(facts: Sequence[dict[str, Any]]) -> set[tuple[int, int]]:
    """Pairs of pictures whose hashes are near, cropped or mirrored or not."""
    wholes = np.concatenate([_signs([[one[kind]] for one in facts]) for kind in ("whole", "mirrored")])
    parts = _signs([[one["whole"], *one["crops"]] for one in facts])
    each, count = len(parts) // max(1, len(facts)), len(facts)
    found = set()
    for row in range(count):
        agreeing = parts[row * each : (row + 1) * each] @ wholes.T  # 64 less twice the bits that differ
        near = (agreeing >= 64 - 2 * SUSPECT).any(axis=0).reshape(2, count).any(axis=0)
        found |= {(min(row, other), max(row, other)) for other in np.flatnonzero(near).tolist()}
    return {(one, other) for one, other in found if one != other}


def _signs(hashes: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """A row of 64 numbers, 1 or -1, for each hash."""
    values = np.array([int(one, 16) for row in hashes for one in row], dtype=">u8")
    bits = np.unpackbits(values.view(np.uint8)).reshape(-1, 64)
    return bits.astype(np.float32) * 2 - 1


def _hash(image: Image.Image) -> str:
    import imagehash

    return str(imagehash.phash(image))


def _places() -> list[tuple[float, float, float]]:
    """Left, top and size, in fractions, of the crops that are hashed."""
    spots = ((0.5, 0.5), (0, 0), (1, 0), (0, 1), (1, 1))
    return [(x * (1 - size), y * (1 - size), size) for size in CROPS for x, y in spots]


def _cropped(image: Image.Image, left: float, top: float, size: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (int(left * width), int(top * height), int((left + size) * width), int((top + size) * height))
    )


def _note(picture: Picture) -> str:
    """What speaks for a picture: its words, and its size."""
    words = ("no caption", "captioned", "words by hand")[worth(picture)]
    return f"{words}, {picture.size[0]} × {picture.size[1]}"


def _remove(extra: Sequence[Picture]) -> Mend:
    names = [picture.path.name for picture in extra]
    return Mend(told(len(extra), "Take the extra picture{s} out"), "remove", {"pictures": names})


ENTRY = Duplicates()
