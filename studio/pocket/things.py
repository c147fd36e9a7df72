"""The things the miniature knows, the styles they are drawn in, and those it must never have seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SECTIONS = {
    "animals": "animal",
    "plants": "plant",
    "food": "food",
    "objects": "object",
    "activities": "object",
    "vehicles": "vehicle",
    "places": "place",
    "faces": "face",
}
STYLES = {"fluent-emoji-flat": "flat", "noto": "glossy", "twemoji": "bold"}
HELD_OUT_STYLE = {"fluent-emoji-high-contrast": "high contrast"}
COLOURS = {
    "white": (255, 255, 255),
    "black": (24, 24, 28),
    "gray": (150, 150, 156),
    "red": (226, 68, 62),
    "orange": (255, 152, 48),
    "yellow": (252, 216, 76),
    "green": (96, 180, 86),
    "teal": (62, 190, 188),
    "blue": (78, 136, 228),
    "purple": (156, 98, 212),
    "pink": (250, 160, 200),
    "brown": (140, 94, 64),
}


@dataclass(frozen=True)
class Thing:
    """One drawable thing: its icon's name, what people call it, its section, and its article."""

    icon: str
    name: str
    section: str
    article: str

    @property
    def phrase(self) -> str:
        """The name with its article, as a caption says it."""
        return f"{self.article} {self.name}".strip()

    @property
    def unnamed(self) -> Thing:
        """The same thing to one who does not know its name."""
        return Thing(self.icon, f"kind of {SECTIONS[self.section]}", self.section, "a")


def _lines(path: Path) -> list[tuple[str, str]]:
    section, found = "", []
    for raw in path.read_text("utf-8").splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((section, line))
    return found


def _thing(section: str, line: str) -> Thing:
    line, _, other = (part.strip() for part in line.partition("@"))
    icon, _, said = (part.strip() for part in line.removeprefix("~").partition("="))
    name = said or icon.replace("-", " ")
    article = "" if line.startswith("~") else "an" if name[0] in "aeio" else "a"
    return Thing(icon, name, other or section, article)


@cache
def all_things() -> tuple[Thing, ...]:
    """Every thing of the list, trained and held out, in the order of the file."""
    return tuple(_thing(*entry) for entry in _lines(HERE / "things.txt"))


@cache
def unnamed_things() -> tuple[Thing, ...]:
    """Things that the captioner meets, of which only the kind is ever said."""
    return tuple(_thing(*entry).unnamed for entry in _lines(HERE / "unnamed.txt"))


@cache
def drawable() -> tuple[Thing, ...]:
    """Everything there are icons of, in the order of the icons' tables."""
    return all_things() + unnamed_things()


@cache
def held_out(section: str = "") -> tuple[Thing, ...]:
    """The things kept out of all training; `section` is "open", "last" or "" for both."""
    icons = [icon for where, icon in _lines(HERE / "heldout.txt") if section in ("", where)]
    by_icon = {thing.icon: thing for thing in all_things()}
    return tuple(by_icon[icon] for icon in icons)


@cache
def trained_things() -> tuple[Thing, ...]:
    """The things the miniature is trained on."""
    hidden = set(held_out())
    return tuple(thing for thing in all_things() if thing not in hidden)
