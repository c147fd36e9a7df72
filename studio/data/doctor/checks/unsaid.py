"""A trigger word that stands in the captions, but that nobody named as one."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.doctor.checks.ordinary import is_known
from studio.data.doctor.findings import Case, Check, Finding, Mend
from studio.data.doctor.words import FRAMES, JOINTS, words
from studio.models.tokens import english

FEWEST = 3  # captions; in fewer, the same beginning is no pattern


class Unsaid(Check):
    """Finds a rare word with which all captions begin while no trigger word is given."""

    name = "unsaid"
    title = "Trigger word not named"
    order = 35

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding, with the button that names it."""
        captioned = case.captioned()
        first = {"".join(words(picture.caption)[:1]) for picture in captioned}
        if case.trigger or len(captioned) < FEWEST or len(first) != 1:
            return ()
        counter = case.base.counters[0] if case.base and case.base.counters else english()
        (word,) = first
        if not word or word in JOINTS | FRAMES or is_known(word, counter):
            return ()
        return [
            Finding(
                self.name,
                f"All captions begin with “{word}”",
                "If that is the word by which you will call up what is learnt, say so: then it is checked, "
                "and the Train room takes it over.",
                mends=(Mend("It is the trigger word", "name_trigger", {"word": word}),),
                verdict=f"“{word}” may be your trigger word",
            )
        ]


ENTRY = Unsaid()
