"""Pictures with transparent parts, which a training sees as white."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told
from studio.data.doctor.viewing import View

ENOUGH = 0.005  # of a picture; less is the soft rim of a rounded corner
ALL = 0.999


class Transparent(Check):
    """Finds transparency that nothing was decided about yet."""

    name = "transparent"
    title = "Transparent"
    order = 70
    measures = True

    def measure(self, view: View) -> float:
        """The share (0…1) that is transparent, wholly or partly."""
        return round(view.transparent, 4)

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all that have no mask yet."""
        clear = [
            picture
            for picture, facts in case.sound()
            if facts[self.name] > ENOUGH and picture.path not in case.masks
        ]
        if not clear:
            return ()
        masked = [picture for picture in clear if case.facts[picture.path][self.name] < ALL]
        mend = Mend("Learn only what is not transparent", "alpha_masks", {"pictures": names(masked)})
        return [
            Finding(
                self.name,
                told(len(clear), "{n} picture{s} {are} partly transparent"),
                "A training sees a plain colour there, and the model may learn that your subject belongs on "
                "it. With a mask it learns only what can be seen.",
                paths(clear),
                (mend,) if masked else (),
                verdict=told(len(clear), "{n} transparent picture{s} could have a mask"),
            )
        ]


ENTRY = Transparent()
