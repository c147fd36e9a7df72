"""Pictures in which lettering or a watermark is likely."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, take_out, told
from studio.data.doctor.lettering import letters
from studio.data.doctor.viewing import View

ENOUGH = 8  # letters in lines; in ordinary pictures there are none


class Text(Check):
    """Finds marks that stand in lines as letters do; faint or slanted lettering is not found."""

    name = "text"
    title = "Lettering"
    order = 65
    measures = True

    def measure(self, view: View) -> int:
        """The number of marks that stand as letters do."""
        return letters(np.asarray(view.small.convert("L"), dtype=np.float32))

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all that have no crop or mask which may leave the lettering out."""
        lettered = [
            picture
            for picture, facts in case.sound()
            if facts[self.name] >= ENOUGH
            and picture.path.name not in case.crops
            and picture.path not in case.masks
        ]
        if not lettered:
            return ()
        return [
            Finding(
                self.name,
                told(len(lettered), "{n} picture{s} likely {have} lettering or a watermark"),
                "The model learns it as part of your subject and paints letters that nobody can read. Cut it "
                "off, cover it with a mask, or leave the picture out. If there is none, all is well.",
                paths(lettered),
                (
                    Mend("Cut it off", opens="crop", arguments={"pictures": names(lettered)}),
                    Mend("Cover it", opens="mask", arguments={"pictures": names(lettered)}),
                    take_out(lettered),
                ),
                verdict=told(len(lettered), "{n} picture{s} may have lettering"),
            )
        ]


ENTRY = Text()
