"""Followers: the further processes of a job that several cards share.

`accelerate launch` starts the same worker once for each card. The first process leads: it holds the
card's lock, writes the events and heeds Stop. The others do the same steps in silence.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from studio.jobs.context import Context
from studio.jobs.run import Run
from studio.workspace import Workspace


def follows() -> bool:
    """Whether this process was started beside a first one."""
    return int(os.environ.get("RANK", "0")) > 0


class Following(Context):
    """A context that tells nothing and is never stopped by itself: the leading process says when."""

    def __init__(self, workspace: Workspace, run: Run) -> None:
        super().__init__(workspace, run, lambda event: None)

    def artifact(self, what: str, path: Path | str = "", **facts: Any) -> None:
        """Nothing; the leading process tells it."""

    def check(self) -> None:
        """Nothing; the leading process is asked."""

    def asked(self, request: str) -> bool:
        """Never; the leading process is asked."""
        return False
