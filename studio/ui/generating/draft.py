"""The draft: what stands in the form, kept in a file, so that a reload or a crash loses nothing."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from studio.workspace import Workspace, writing

WINDOWS = 12  # whose forms are remembered, for live previews
Values = dict[str, Any]


class Draft:
    """The values of the form, by name; those of the last change in any window are in the file."""

    def __init__(self, workspace: Workspace, kind: str = "generate") -> None:
        self._file = workspace.hidden / f"{kind}.json"
        self._windows: OrderedDict[str, Values] = OrderedDict()
        self._written: Values | None = None

    def keep(self, values: Mapping[str, Any], window: str = "") -> None:
        """Keep what the form of a window holds now."""
        now = dict(values)
        self._windows[window] = now
        self._windows.move_to_end(window)
        while len(self._windows) > WINDOWS:
            self._windows.popitem(last=False)
        if now != self._written or not self._file.exists():
            with writing(self._file) as out:
                json.dump(now, out, ensure_ascii=False, indent=1)
            self._written = now

    def of(self, window: str) -> Values:
        """What the form of a window holds, or else the one that changed last."""
        return self._windows.get(window) or self.last()

    @property
    def kept_at(self) -> float:
        """When something was kept last, in seconds since 1970; 0 where nothing ever was."""
        return self._file.stat().st_mtime if self._file.exists() else 0.0

    def last(self) -> Values:
        """What the form held that changed last; empty where none ever did, or the file is damaged."""
        try:
            known = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}
