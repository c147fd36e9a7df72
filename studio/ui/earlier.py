"""What a form held before something filled it, so that it can be put back."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

KEPT = 12  # forms that can be put back as they were


class Earlier:
    """The last forms that something was written over, each under a name of its own."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def keep(self, values: Mapping[str, Any]) -> str:
        """Keep what a form holds now; returns its name."""
        name = secrets.token_hex(4)
        self._forms[name] = dict(values)
        while len(self._forms) > KEPT:
            self._forms.popitem(last=False)
        return name

    def of(self, name: Any) -> dict[str, Any] | None:
        """What was kept under a name, if it still is."""
        return self._forms.get(str(name))

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether a form held just this before it was filled."""
        return values in self._forms.values()
