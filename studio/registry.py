"""Plug-ins: a module in a plug-in package is its own registration.

Each module of the package (names with a leading underscore aside) has one `ENTRY`, an object
with at least a `name`. Adding a module adds the plug-in; there is no list to keep.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from typing import Generic, Protocol, TypeVar

from studio.errors import SettingsError


class Named(Protocol):
    """What every plug-in has."""

    @property
    def name(self) -> str:
        """What a person chooses it by in settings and flags."""


Entry = TypeVar("Entry", bound=Named)


class Registry(Generic[Entry]):
    """The plug-ins of one package, found by looking into its folder.

    Raises `SettingsError` for an unknown name, `TypeError` for two plug-ins of one name.
    """

    def __init__(self, package: str, noun: str) -> None:
        self.package, self.noun = package, noun

    def __iter__(self) -> Iterator[Entry]:
        yield from self._entries().values()

    def names(self) -> list[str]:
        """The names of all plug-ins, in the order in which they present themselves."""
        return list(self._entries())

    def get(self, name: str) -> Entry:
        """The plug-in of this name."""
        entries = self._entries()
        if name not in entries:
            raise SettingsError(
                f"There is no {self.noun} called “{name}”",
                remedy=f"Choose one of: {', '.join(entries)}.",
            )
        return entries[name]

    def _entries(self) -> dict[str, Entry]:
        """Without those that say they are not `available` here."""
        entries: dict[str, Entry] = _load(self.package)
        return {name: one for name, one in entries.items() if getattr(one, "available", True)}


@cache
def _load(package: str) -> dict[str, Entry]:
    folder = importlib.import_module(package)
    found: dict[str, Entry] = {}
    for module in sorted(pkgutil.iter_modules(folder.__path__), key=lambda m: m.name):
        if module.name.startswith("_"):
            continue
        entry: Entry = importlib.import_module(f"{package}.{module.name}").ENTRY
        if entry.name in found:
            raise TypeError(f"{package}: two plug-ins call themselves “{entry.name}”")
        found[entry.name] = entry
    return dict(sorted(found.items(), key=lambda item: getattr(item[1], "order", 100)))
