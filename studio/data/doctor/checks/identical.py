"""Different pictures with the very same caption."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.dataset import Picture
from studio.data.doctor.findings import Case, Check, Finding, Mend, names, told
from studio.data.doctor.words import words


class Identical(Check):
    """Finds captions that several pictures share to the word; what they share with case and commas apart."""

    name = "identical"
    title = "Same caption"
    order = 38

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding with a group for each caption."""
        said: dict[tuple[str, ...], list[Picture]] = {}
        for picture in case.captioned():
            said.setdefault(tuple(words(picture.caption)), []).append(picture)
        groups = [group for group in said.values() if len(group) > 1]
        if not groups:
            return ()
        shared = [picture for group in groups for picture in group]
        every = len(groups) == 1 and len(shared) == len(case.dataset.pictures)
        title = (
            "All pictures have the same caption"
            if every
            else told(len(shared), "{n} picture{s} share captions")
        )
        return [
            Finding(
                self.name,
                title,
                "Where the words are the same, the model cannot learn which of the differences between the "
                "pictures matter, and mixes them. Say what is different: pose, place, light, clothes.",
                tuple(picture.path for picture in shared),
                (
                    Mend("Caption them again", opens="caption", arguments={"pictures": names(shared)}),
                    Mend("Write them", opens="editor", arguments={"pictures": names(shared)}),
                ),
                verdict=title,
                groups=tuple(tuple(picture.path for picture in group) for group in groups),
            )
        ]


ENTRY = Identical()
