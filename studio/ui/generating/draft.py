"""The draft: what stands in the form, kept in a file, so that a reload or a crash loses nothing."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from studio.ui.desk import Desk
from studio.ui.library import Library
from studio.ui.pictures_view import used_seed
from studio.workspace import Workspace, writing

WINDOWS = 12  # whose forms are remembered, for live previews
KEEP = "keep the seed"  # beside the values of the form
Values = dict[str, Any]


class Draft:
    """The values of the form, by name; those of the last change in any window are in the file."""

    def __init__(self, workspace: Workspace, kind: str = "generate") -> None:
        self._file = workspace.hidden / f"{kind}.json"
        self._windows: OrderedDict[str, Values] = OrderedDict()
        self._written: Values | None = None

    def keep(self, values: Mapping[str, Any], window: str = "") -> bool:
        """Keep what the form of a window holds now; returns whether it is something new."""
        now = dict(values)
        self._windows[window] = now
        self._windows.move_to_end(window)
        while len(self._windows) > WINDOWS:
            self._windows.popitem(last=False)
        new = now != self._written
        if new or not self._file.exists():
            with writing(self._file) as out:
                json.dump(now, out, ensure_ascii=False, indent=1)
            self._written = now
        return new

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


def of_last_job(desk: Desk, library: Library) -> Values:
    """What the form holds where nothing was kept: the settings of the last painting."""
    last = desk.latest("generate")
    values = dict(last.run.settings) if last else {}
    rows = library.at_first(str(values.get("base", "pocket")), values.get("adapters", ()))
    keep, seed = values.get("seed", -1) >= 0, used_seed(last)
    return {**values, "adapters": rows, KEEP: keep, **({} if seed is None else {"seed": seed})}
