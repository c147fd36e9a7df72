"""Grouping: pairs that belong together, made into groups; and which picture of a group should stay."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.captions import author
from studio.data.dataset import Picture, natural


class Groups:
    """Who belongs together, over any number of others: union and find."""

    def __init__(self) -> None:
        self._leader: dict[int, int] = {}

    def join(self, one: int, other: int) -> None:
        """These two belong together, and with them all of their groups."""
        first, second = sorted((self._find(one), self._find(other)))
        self._leader[second] = first

    def together(self, one: int, other: int) -> bool:
        """Whether two belong together already."""
        return self._find(one) == self._find(other)

    def found(self) -> list[list[int]]:
        """The groups of two and more, in order."""
        groups: dict[int, list[int]] = {}
        for one in sorted(self._leader):
            groups.setdefault(self._find(one), []).append(one)
        return [group for group in groups.values() if len(group) > 1]

    def _find(self, one: int) -> int:
        while self._leader.setdefault(one, one) != one:
            one = self._leader[one]
        return one


def best_first(pictures: Sequence[Picture]) -> list[Picture]:
    """The picture that should stay before the others.

    Words written by hand come first, then any words, then the larger picture, then the name.
    """
    return sorted(pictures, key=lambda one: (-worth(one), -one.size[0] * one.size[1], natural(one.path)))


def worth(picture: Picture) -> int:
    """2 where a person wrote the caption, 1 where there is one, 0 without."""
    return 0 if not picture.caption.strip() else 2 if author(picture.path) == "hand" else 1
