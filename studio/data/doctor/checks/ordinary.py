"""A trigger word that already means something."""

from __future__ import annotations

from collections.abc import Sequence

from studio.data.doctor.findings import Case, Check, Finding, Mend
from studio.data.doctor.words import words
from studio.models.tokens import TokenCounter, english

COMMON = 0.8  # of a vocabulary, by rarity: what is rarer was hardly ever seen in captions
TELLING = 4  # letters: shorter parts are syllables
RARE = ("zwx", "ohwx", "qvz", "sks", "vbnx")


class Ordinary(Check):
    """Judges the trigger word by what the base's tokenizer makes of it.

    A word that the tokenizer keeps whole was frequent when it was made; how frequent, says the rank at
    which it was merged. A word that falls apart is judged by its parts.
    """

    name = "ordinary"
    title = "Ordinary trigger word"
    order = 34

    def look(self, case: Case) -> Sequence[Finding]:
        """One finding when no part of the trigger word is rare."""
        spoken = words(case.trigger)
        counter = case.base.counters[0] if case.base and case.base.counters else english()
        if not spoken or any(not is_known(word, counter) and not _telling(word, counter) for word in spoken):
            return ()
        known = [word for word in spoken if is_known(word, counter)]
        better = [word for word in RARE if not is_known(word, counter)][:3]
        return [
            Finding(
                self.name,
                f"“{case.trigger}” already means something",
                f"{_why(spoken, known, counter)} The training then works against that meaning, and changes "
                f"what the word does everywhere else. A rare word, such as “{better[0]}”, starts empty; what "
                "your subject is may follow it, as in "
                f"“{better[0]} {known[-1] if known else 'fox'}”.",
                mends=(Mend("Choose another word", opens="trigger", arguments={"suggestions": better}),),
                verdict=f"“{case.trigger}” is an ordinary word; a rare one learns better",
            )
        ]


def is_known(word: str, counter: TokenCounter) -> bool:
    """Whether a word is one common token to an encoder, or an ordinary English one."""
    rank = english().rank(word)
    if rank is None and counter.size >= english().size:  # a small vocabulary has rare words, too
        rank = counter.rank(word)
    return rank is not None and rank < COMMON


def _telling(word: str, counter: TokenCounter) -> list[str]:
    """The parts of a word that mean something by themselves."""
    return [part for part in counter.parts(word) if len(part) >= TELLING and is_known(part, counter)]


def _why(spoken: Sequence[str], known: Sequence[str], counter: TokenCounter) -> str:
    if known:
        listed = " and ".join(f"“{word}”" for word in known)
        return f"The base model knows {listed} from countless pictures."
    parts = [part for word in spoken for part in counter.parts(word)]
    telling = " and ".join(f"“{part}”" for word in spoken for part in _telling(word, counter))
    return f"The base model reads it in {len(parts)} pieces, {' + '.join(parts)}, and knows {telling}."


ENTRY = Ordinary()
