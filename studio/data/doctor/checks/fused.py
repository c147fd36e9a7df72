"""Words that stand in nearly every caption, so that they grow together with the trigger word."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.dataset import Picture
from studio.data.doctor.findings import Case, Check, Finding, Mend, names
from studio.data.doctor.words import fused, without, words

MOST = 5  # phrases that are told


class Fused(Check):
    """Finds phrases that the trigger word will drag along."""

    name = "fused"
    title = "Fused with the trigger word"
    order = 36

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding with the most frequent phrases."""
        captioned = case.captioned()
        if not case.trigger or not captioned:
            return ()
        found = fused([picture.caption for picture in captioned], case.trigger)[:MOST]
        if not found:
            return ()
        spoken = " and ".join(f"“{phrase}”" for phrase, _ in found[:2])
        more = f" and {len(found) - 2} more" if len(found) > 2 else ""
        counts = "; ".join(f"“{phrase}” in {count} of {len(captioned)}" for phrase, count in found)
        have = [one for one in captioned if any(_has(one.caption, phrase) for phrase, _ in found)]
        return [
            Finding(
                self.name,
                f"{spoken}{more} {'stands' if len(found) == 1 else 'stand'} in nearly every caption",
                f"{counts}. Words that always come together with “{case.trigger}” are learnt together with "
                "it: later, the one calls up the other. If this is part of your subject, take the words out "
                "of the captions. If not, add some pictures without it, and say so in their captions.",
                tuple(picture.path for picture in have),
                tuple(_mend(phrase, captioned) for phrase, _ in found),
                verdict=f"{spoken}{more} will grow together with “{case.trigger}”",
            )
        ]


def _mend(phrase: str, captioned: Sequence[Picture]) -> Mend:
    """Tags can be dropped; a sentence would no longer read well, so the person says what it becomes."""
    have = [one for one in captioned if _has(one.caption, phrase)]
    if any(_has(without(one.caption, phrase), phrase) for one in have):
        return Mend(f"Change “{phrase}” …", arguments={"find": phrase}, opens="replace")
    return Mend(f"Drop “{phrase}”", "drop", {"pictures": names(have), "words": phrase})


def _has(caption: str, phrase: str) -> bool:
    return f" {phrase} " in f" {' '.join(words(caption))} "


ENTRY = Fused()
