"""Editing: what can be done to many captions at once, looked at before it happens.

An operation knows nothing of files: it makes a caption of a caption. What it does not concern stays
as it is, to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cached_property

from studio.data.dataset import Picture
from studio.data.tags import join_tags, same_tag, split_tags
from studio.errors import SettingsError


@dataclass(frozen=True)
class Operation:
    """Something that is done to captions; raises `SettingsError` for a field that is left blank."""

    said = ""  # what is done, with the fields in braces

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.default is MISSING and not getattr(self, field.name).strip():
                raise SettingsError(f"{self.title}: the {field.name} is missing", field=field.name)

    @property
    def title(self) -> str:
        """What is done, in a few words: the note in the history."""
        return self.said.format_map({field.name: getattr(self, field.name) for field in fields(self)})

    def apply(self, caption: str) -> str:
        """The caption after it."""
        return self._edited(caption)

    def _edited(self, caption: str) -> str:
        return caption

    def hits(self, caption: str) -> int:
        """In how many places it changes a caption."""
        return int(self.apply(caption) != caption)


@dataclass(frozen=True)
class Preview:
    """What an operation would do: the pictures whose captions change, before and after, and its hits."""

    changes: tuple[tuple[Picture, str, str], ...]
    hits: int


def preview(operation: Operation, pictures: Sequence[Picture]) -> Preview:
    """Do it without writing anything; `hits` are the places found in all captions that change."""
    outcome = ((picture, picture.caption, operation.apply(picture.caption)) for picture in pictures)
    changes = tuple(one for one in outcome if one[1] != one[2])
    return Preview(changes, sum(operation.hits(before) for _, before, _ in changes))


@dataclass(frozen=True)
class AddTrigger(Operation):
    """The trigger word at the beginning of every caption that does not have it anywhere."""

    word: str
    said = "Add the trigger word “{word}”"

    def _edited(self, caption: str) -> str:
        word = self.word.strip()
        if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", caption, re.IGNORECASE):
            return caption
        return f"{word}, {caption}" if caption.strip() else word


@dataclass(frozen=True)
class RemoveTrigger(Operation):
    """The trigger word, and the comma that belongs to it, out of every caption."""

    word: str
    said = "Remove the trigger word “{word}”"

    def _edited(self, caption: str) -> str:
        word, space = re.escape(self.word.strip()), r"[^\S\n]"
        as_first_tag = rf"^\s*{word}\s*(?:,\s*|$)"
        as_tag = rf"\s*,\s*{word}\s*(?=,|$)"
        as_word = rf"{space}+{word}(?!\w)|(?<!\w){word}(?!\w){space}*"
        return re.sub(f"{as_first_tag}|{as_tag}|{as_word}", "", caption, flags=re.IGNORECASE)


@dataclass(frozen=True)
class Prefix(Operation):
    """The same words before every caption."""

    text: str
    said = "Put “{text}” before"

    def _edited(self, caption: str) -> str:
        return _joined(self.text, caption)


@dataclass(frozen=True)
class Suffix(Operation):
    """The same words after every caption."""

    text: str
    said = "Put “{text}” after"

    def _edited(self, caption: str) -> str:
        return _joined(caption, self.text)


@dataclass(frozen=True)
class Replace(Operation):
    """Words for other words; with `regex`, Python's regular expressions with \\1 for groups."""

    find: str
    put: str
    regex: bool = False
    match_case: bool = False
    said = "Replace “{find}” by “{put}”"

    def __post_init__(self) -> None:
        if not self.find:
            raise SettingsError("There is nothing to find", remedy="Say what to replace.", field="find")
        try:
            self._pattern  # noqa: B018
        except re.error as fault:
            told = f"“{self.find}” is no regular expression"
            raise SettingsError(told, why=f"{fault}".capitalize(), field="find") from None
        try:
            self._pattern.sub(self._put, "")
        except (re.error, IndexError) as fault:
            told = f"“{self.put}” cannot be put in"
            raise SettingsError(told, why=f"{fault}".capitalize(), field="put") from None

    def _edited(self, caption: str) -> str:
        return self._pattern.sub(self._put, caption)

    def hits(self, caption: str) -> int:
        """How many places in a caption are replaced."""
        return sum(1 for _ in self._pattern.finditer(caption))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        find = self.find if self.regex else re.escape(self.find)
        return re.compile(find, 0 if self.match_case else re.IGNORECASE)

    @property
    def _put(self) -> str:
        return self.put if self.regex else self.put.replace("\\", r"\\")


@dataclass(frozen=True)
class RemoveTag(Operation):
    """One tag out of every caption."""

    tag: str
    said = "Remove the tag “{tag}”"

    def _edited(self, caption: str) -> str:
        return _retagged(caption, [tag for tag in split_tags(caption) if same_tag(tag) != same_tag(self.tag)])


@dataclass(frozen=True)
class RenameTag(Operation):
    """A tag by another name; a caption that has both keeps one."""

    old: str
    new: str
    said = "Rename the tag “{old}” to “{new}”"

    def _edited(self, caption: str) -> str:
        old, new = same_tag(self.old), same_tag(self.new)
        tags = split_tags(caption)
        if old not in map(same_tag, tags):
            return caption
        tags = [self.new.strip() if same_tag(tag) == old else tag for tag in tags]
        first = [same_tag(tag) for tag in tags].index(new)
        return _retagged(
            caption, [tag for place, tag in enumerate(tags) if place == first or same_tag(tag) != new]
        )


@dataclass(frozen=True)
class MoveTagFirst(Operation):
    """A tag to the beginning of each caption that has it."""

    tag: str
    said = "Move the tag “{tag}” to the beginning"

    def _edited(self, caption: str) -> str:
        first = same_tag(self.tag)
        return _retagged(caption, sorted(split_tags(caption), key=lambda tag: same_tag(tag) != first))


@dataclass(frozen=True)
class SortTags(Operation):
    """The tags of each caption from A to Z; `first`, as a trigger word, stays at the beginning."""

    first: str = ""
    said = "Sort the tags"

    def _edited(self, caption: str) -> str:
        first = same_tag(self.first)
        return _retagged(
            caption, sorted(split_tags(caption), key=lambda tag: (same_tag(tag) != first, same_tag(tag)))
        )


@dataclass(frozen=True)
class DedupeTags(Operation):
    """Each tag of a caption once, where it stands first."""

    said = "Remove repeated tags"

    def _edited(self, caption: str) -> str:
        tags: dict[str, str] = {}
        for tag in split_tags(caption):
            tags.setdefault(same_tag(tag), tag)
        return _retagged(caption, list(tags.values()))


def _retagged(caption: str, tags: list[str]) -> str:
    """The caption of these tags; the old one to the letter where they are the same."""
    return caption if tags == split_tags(caption) else join_tags(tags)


def _joined(left: str, right: str) -> str:
    """Two texts, with a space between words that would run into one another."""
    if not left.strip() or not right.strip():
        return left.strip() or right.strip()
    touching = left[-1].isspace() or right[0].isspace() or right[0] in ",.;:!?"
    return left + right if touching else f"{left} {right}"
