"""Folders: shown in the system's file manager, on the machine on which the studio runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from studio.errors import StudioError

OPENERS = {"darwin": "open", "linux": "xdg-open"}


def open_folder(folder: Path) -> None:
    """Open a folder; raises `StudioError` with its path where the system has no file manager."""
    try:
        if sys.platform == "win32":
            os.startfile(folder)
        else:
            opener = OPENERS.get(sys.platform, "xdg-open")
            subprocess.Popen([opener, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        raise StudioError(f"The folder is {folder}", why="No file manager was found to show it") from None
