"""Pictures that cannot be read to their last pixel."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.dataset import picture_files
from studio.data.doctor.findings import Case, Check, Finding, Mend, told


class Damaged(Check):
    """Finds files that are no pictures, or broke off on the way here."""

    name = "damaged"
    title = "Damaged"
    order = 0

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them; what was wrong with each is told beside it."""
        sound = {picture.path for picture, _ in case.sound()}
        bad = [path for path in picture_files(case.dataset.folder) if path not in sound]
        if not bad:
            return ()
        faults = [str(fault) for fault in case.dataset.damaged]
        notes = {path.name: next((one for one in faults if one.startswith(path.name)), "") for path in bad}
        return [
            Finding(
                self.name,
                told(len(bad), "{n} picture{s} cannot be read"),
                "A training leaves out what it cannot decode to the end. Export or download it again, "
                "or take it out of the dataset.",
                tuple(bad),
                (
                    Mend(
                        told(len(bad), "Take {them} out"),
                        "remove",
                        {"pictures": [path.name for path in bad]},
                    ),
                ),
                serious=True,
                verdict=told(len(bad), "{n} picture{s} cannot be read"),
                notes={name: note or f"{name} breaks off before its end." for name, note in notes.items()},
            )
        ]


ENTRY = Damaged()
