"""Pictures saved so small that the squares of the JPEG format can be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.data.doctor.findings import Case, Check, Finding, paths, take_out, told
from studio.data.doctor.viewing import Grey, View

SQUARE = 8  # pixels, in the format
STEP = 4  # of 255: smaller steps are hard to see
DRAWN = 96  # of 255: larger ones are edges of things, as of a chequered cloth
HEAVY = 0.16  # of the borders; quality 10 leaves 0.17 to 0.5, quality 75 at most 0.1


class Jpeg(Check):
    """Finds heavy JPEG squares, whatever format the picture was saved in since."""

    name = "jpeg"
    title = "JPEG squares"
    order = 55
    measures = True

    def measure(self, view: View) -> float:
        """The share (0…1) of square borders that can be seen; 0 where the picture was made smaller."""
        return round(squares(view.grey), 3) if view.original else 0.0

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them."""
        heavy = [picture for picture, facts in case.sound() if facts[self.name] > HEAVY]
        if not heavy:
            return ()
        return [
            Finding(
                self.name,
                told(len(heavy), "{n} picture{s} {have} visible JPEG squares"),
                "They were saved with very low quality, so that small squares show in smooth places. The "
                "model learns the squares too, and paints them. Look for the originals, or leave them out.",
                paths(heavy),
                (take_out(heavy),),
                verdict=told(len(heavy), "{n} picture{s} with JPEG squares {are} worth replacing"),
            )
        ]


def squares(grey: Grey) -> float:
    """The share of places on the squares' borders where a step shows that is nowhere else, 0…1.

    The grid may lie anywhere (a picture may have been cropped since); it must be one grid, in both
    directions: a second one as strong is a pattern in the picture.
    """
    return max(0.0, min(_steps(grey), _steps(grey.T)))


def _steps(grey: Grey) -> float:
    if grey.shape[1] < 8 * SQUARE:
        return 0.0
    step = np.abs(np.diff(grey, axis=1))
    alone = step[:, 1:-1] - np.maximum(step[:, :-2], step[:, 2:])
    seen = (alone > STEP) & (alone < DRAWN)
    shares = np.sort([seen[:, place::SQUARE].mean() for place in range(SQUARE)])
    usual = float(np.median(shares))
    return float(shares[-1]) - usual if shares[-2] - usual < (shares[-1] - usual) / 2 else 0.0


ENTRY = Jpeg()
