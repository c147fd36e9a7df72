"""Pictures without a caption."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told


class Missing(Check):
    """Finds pictures without a caption, when others have one or none has."""

    name = "missing"
    title = "No caption"
    order = 30

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them."""
        bare = [picture for picture in case.dataset.pictures if not picture.caption.strip()]
        if not bare:
            return ()
        every = len(bare) == len(case.dataset.pictures)
        title = (
            "No picture has a caption yet" if every else told(len(bare), "{n} picture{s} {have} no caption")
        )
        return [
            Finding(
                self.name,
                title,
                "A caption tells the model what it can leave out of the new word: what is named stays "
                "free, what is not named is learnt as part of your subject. Without one, that is everything.",
                paths(bare),
                (Mend("Caption them", opens="caption", arguments={"pictures": names(bare)}),),
                serious=True,
                verdict="Captions are still missing"
                if every
                else told(len(bare), "{n} caption{s} {are} missing"),
            )
        ]


ENTRY = Missing()
