"""Filters: which pictures to show or edit, asked for in a line of text.

cat "red hat"            both in the caption or the name of the file
-dog                     not this
tag:cat  name:img_1      a whole tag; in the name alone
missing                  without a caption
tokens>75  size<512      also width, height and words; size is the shorter side
problem  problem:blurred whatever the doctor found, or one thing of it
cat or dog  (…)          terms side by side must all be true; `or` is the weaker
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studio.data.tags import same_tag, split_tags
from studio.errors import SettingsError


@dataclass(frozen=True)
class Subject:
    """What a filter may ask of a picture; `tokens` is the count of the encoder that needs most."""

    name: str
    caption: str
    size: tuple[int, int] = (0, 0)
    tokens: int = 0
    problems: Sequence[str] = ()


Test = Callable[[Subject], bool]


@dataclass(frozen=True)
class Filter:
    """A question to each picture; `text` is how the person put it."""

    text: str
    keeps: Test


def parse_filter(text: str) -> Filter:
    """Understand a filter; an empty one keeps everything. Raises `SettingsError` for one that is wrong."""
    parser = _Parser(_pieces(text))
    test = parser.any_of() if parser.pieces else lambda subject: True
    if parser.pieces:
        raise _wrong("There is a closing bracket too many")
    return Filter(text, test)


_PIECE = re.compile(r'\s*(-?(?:[^\W\d]+:)?"[^"]*"|[()]|-(?=\()|[^\s()"]+|")')
_COMPARISON = re.compile(r"(\w+)(<=|>=|[<>=≤≥])(.*)")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
    "<=": operator.le,
    "≤": operator.le,
    ">=": operator.ge,
    "≥": operator.ge,
}
_NUMBERS: dict[str, Callable[[Subject], int]] = {
    "tokens": lambda subject: subject.tokens,
    "size": lambda subject: min(subject.size),
    "width": lambda subject: subject.size[0],
    "height": lambda subject: subject.size[1],
    "words": lambda subject: len(subject.caption.split()),
}
_WORDS: dict[str, Test] = {
    "missing": lambda subject: not subject.caption.strip(),
    "problem": lambda subject: bool(subject.problems),
}


def _pieces(text: str) -> list[str]:
    pieces = _PIECE.findall(text)
    if '"' in pieces:
        raise _wrong("A quotation mark is not closed")
    return pieces


class _Parser:
    """Reads the pieces from left to right; `or` binds less than standing side by side."""

    def __init__(self, pieces: list[str]) -> None:
        self.pieces = pieces

    def any_of(self) -> Test:
        tests = [self._all_of()]
        while self._next() == "or":
            self.pieces.pop(0)
            tests.append(self._all_of())
        return tests[0] if len(tests) == 1 else lambda subject: any(test(subject) for test in tests)

    def _all_of(self) -> Test:
        tests = [self._one()]
        while (following := self._next()) not in ("", "or", ")"):
            if following == "and":
                self.pieces.pop(0)
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda subject: all(test(subject) for test in tests)

    def _one(self) -> Test:
        if self._next() in ("", "or", "and", ")"):
            raise _wrong(f"Something is missing before “{self._next()}”" if self.pieces else "It breaks off")
        piece = self.pieces.pop(0)
        if piece in ("-", "not") and self.pieces:
            test = self._one()
            return lambda subject: not test(subject)
        if piece == "(":
            return self._bracket()
        if piece.startswith("-") and len(piece) > 1:
            wanted = _term(piece[1:])
            return lambda subject: not wanted(subject)
        return _term(piece)

    def _bracket(self) -> Test:
        test = self.any_of()
        if self._next() != ")":
            raise _wrong("A bracket is not closed")
        self.pieces.pop(0)
        return test

    def _next(self) -> str:
        return self.pieces[0].lower() if self.pieces else ""


def _term(piece: str) -> Test:
    """One term without its minus."""
    if piece.startswith('"'):
        return _says(piece.strip('"'))
    if piece.lower() in _WORDS:
        return _WORDS[piece.lower()]
    if comparison := _COMPARISON.fullmatch(piece):
        return _compared(*comparison.groups())
    field, colon, value = piece.partition(":")
    return _asked(field.lower(), value.strip('"')) if colon and field.isalpha() else _says(piece)


def _says(words: str) -> Test:
    words = words.casefold()
    return lambda subject: words in subject.caption.casefold() or words in subject.name.casefold()


def _compared(field: str, sign: str, value: str) -> Test:
    if field.lower() not in _NUMBERS:
        raise _wrong(f"“{field}” is no number of a picture", f"Ask for {', '.join(_NUMBERS)}.")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        raise _wrong(f"“{field}{sign}” needs a number behind it", f"For example {field}{sign}75.")
    number, compare, limit = _NUMBERS[field.lower()], _SIGNS[sign], float(value)
    return lambda subject: compare(number(subject), limit)


def _asked(field: str, value: str) -> Test:
    if field not in _FIELDS:
        raise _wrong(
            f"“{field}:” is nothing that can be asked for",
            f"Ask for {', '.join(f'{known}:' for known in _FIELDS)}, or put the words in quotation marks.",
        )
    if not value:
        raise _wrong(f"“{field}:” needs a word behind it")
    return _FIELDS[field](value)


def _has_tag(value: str) -> Test:
    wanted = same_tag(value)
    return lambda subject: wanted in map(same_tag, split_tags(subject.caption))


def _has_problem(value: str) -> Test:
    wanted = same_tag(value)
    return lambda subject: any(same_tag(problem).startswith(wanted) for problem in subject.problems)


_FIELDS: dict[str, Callable[[str], Test]] = {
    "tag": _has_tag,
    "problem": _has_problem,
    "name": lambda value: lambda subject: value.casefold() in subject.name.casefold(),
    "caption": lambda value: lambda subject: value.casefold() in subject.caption.casefold(),
}


def _wrong(why: str, remedy: str = "") -> SettingsError:
    remedy = remedy or "For example: cat -dog tokens>75."
    return SettingsError("This filter is not clear", why=why, remedy=remedy, field="filter")
