"""What can go wrong while installing, told from what the installers print."""

from __future__ import annotations

import re
from pathlib import Path


class InstallFault(Exception):
    """The installation cannot go on; the sentence says why and what to do.

    `final` where another way of installing would meet the same fault.
    """

    def __init__(self, sentence: str, *, final: bool = False) -> None:
        super().__init__(sentence)
        self.final = final


NO_ROOM = r"No space left on device|not enough space on the disk|Disk quota exceeded|os error (28|112)\b"
NO_VENV = r"ensurepip is not available"
NOT_ALLOWED = r"Permission denied|Access is denied|Read-only file system"
NO_NETWORK = (
    r"NewConnectionError|name resolution|Max retries exceeded|Connection\w*Error|Connection (refused|reset)"
    r"|(?i:timed? ?out)|dns error|error sending request|ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED"
)
NOT_MADE = r"No matching distribution found|has no wheels with a matching|not a supported wheel"


def explain(output: str, log: Path) -> InstallFault:
    """The fault behind what an installer printed before it failed."""
    if re.search(NO_ROOM, output):
        return InstallFault(
            "The disk is full. Free some space and start again; what is already there is kept.", final=True
        )
    if re.search(NO_VENV, output):
        return InstallFault(
            "This Python lacks its venv module. Install it (on Debian and Ubuntu: sudo apt install "
            "python3-venv) and start again.",
            final=True,
        )
    if re.search(NOT_ALLOWED, output):
        return InstallFault(
            f"The system does not let the studio write into {log.parent.parent}. Close the studio if it is "
            "open somewhere, or move its folder to a place of your own, and start again.",
            final=True,
        )
    if re.search(NO_NETWORK, output):
        return InstallFault(
            "The packages cannot be downloaded: there is no network, or a proxy or firewall is in between. "
            "Check the connection and start again; what is already there is kept."
        )
    if re.search(NOT_MADE, output):
        return InstallFault(
            "A package is not made for this system. The studio runs on 64-bit Windows and Linux, and on "
            "Apple silicon from macOS 14 on."
        )
    return InstallFault(f"The installation failed for a reason unknown to us. The details are in {log}.")
