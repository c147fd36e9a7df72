"""Captions of which the text encoder does not read the end."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.dataset import Picture
from studio.data.doctor.findings import Case, Check, Finding, Mend, names, paths, told
from studio.models.tokens import TokenCounter


class Long(Check):
    """Finds captions with more tokens than one of the base's encoders reads."""

    name = "long"
    title = "Caption too long"
    order = 33

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding for all of them, by the encoder that reads least."""
        if case.base is None or not case.base.counters:
            return ()
        counter = min(case.base.counters, key=lambda one: one.limit)
        tokens = _tokens(case.captioned(), counter)
        long = [(picture, count) for picture, count in tokens if count > counter.limit]
        if not long:
            return ()
        pictures = [picture for picture, _ in long]
        return [
            Finding(
                self.name,
                told(len(long), "{n} caption{s} {are} too long to be read to the end"),
                f"The text encoder of {case.base.title} reads {counter.limit} tokens, about "
                f"{counter.limit * 3 // 4} words. What stands behind them is not learnt. Put what matters "
                "first, and drop the rest.",
                paths(pictures),
                (Mend("Shorten", opens="editor", arguments={"pictures": names(pictures)}),),
                verdict=told(len(long), "{n} caption{s} {are} too long to be read to the end"),
                notes={picture.path.name: f"{count} tokens of {counter.limit}" for picture, count in long},
            )
        ]


def _tokens(pictures: Sequence[Picture], counter: TokenCounter) -> list[tuple[Picture, int]]:
    """The tokens of the captions that can be too long at all: a token has at least one byte."""
    doubtful = [picture for picture in pictures if len(picture.caption.encode()) > counter.limit]
    counts = counter.counts([picture.caption for picture in doubtful])
    return list(zip(doubtful, counts, strict=True))


ENTRY = Long()
