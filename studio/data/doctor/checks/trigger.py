"""Captions without the trigger word."""

from __future__ import annotations

import re
from collections.abc import Sequence

from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told


class Trigger(Check):
    """Finds captions that lack the trigger word, some of them or all."""

    name = "trigger"
    title = "No trigger word"
    order = 32

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them."""
        captioned = case.captioned()
        bare = [picture for picture in captioned if not has_trigger(picture.caption, case.trigger)]
        if not case.trigger or not bare:
            return ()
        absent = len(bare) == len(captioned) > 1
        title = (
            f"No caption has the word “{case.trigger}”"
            if absent
            else told(len(bare), f"{{n}} caption{{s}} {{have}} no “{case.trigger}”")
        )
        return [
            Finding(
                self.name,
                title,
                f"“{case.trigger}” is the word by which you will call up what was learnt. The studio "
                "puts it in front where it is missing, other programs do not. Written into the captions, it "
                "stands where you want it.",
                paths(bare),
                (
                    Mend(
                        f"Add “{case.trigger}” in front",
                        "add_trigger",
                        {"pictures": names(bare), "word": case.trigger},
                    ),
                ),
                verdict=title,
            )
        ]


def has_trigger(caption: str, trigger: str) -> bool:
    """Whether the word stands in a caption, by itself and in any case."""
    return re.search(rf"(?<!\w){re.escape(trigger)}(?!\w)", caption, re.IGNORECASE) is not None


ENTRY = Trigger()
