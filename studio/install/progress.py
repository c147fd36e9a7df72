"""The progress bar of one step of the installation."""

from __future__ import annotations

import re
import shutil
import sys
import time


class Bar:
    """How far a step is: on a terminal a line drawn again and again, elsewhere its beginning and its end."""

    def __init__(self, title: str, packages: int) -> None:
        self.title, self.packages, self.begun = title, packages, time.monotonic()
        self.named: set[str] = set()
        self.announced = self.arrived = 0
        self.unpacking = False
        self.latest, self.live = "", sys.stdout.isatty()
        if not self.live:
            print(f"  {title} ...", flush=True)

    def hear(self, line: str) -> None:
        """Take in a line of pip's or uv's."""
        if found := re.match(r"(?:Collecting|Requirement already satisfied:| \+) ([\w.-]+)", line):
            self.named.add(found[1])
        if line.lstrip().startswith("Downloading"):  # both name a package and its size
            self.announced += 1
            self.latest = re.sub(r"-\d\S*\.whl\S*|\S+/", "", line.strip())
        self.arrived += line.startswith(" Downloaded")  # only uv says so
        if line.startswith(("Installing collected packages", "Prepared ")):  # pip's words, and uv's
            self.unpacking, self.latest = True, "unpacking"

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1: pip names one package after another, uv says what has arrived."""
        if self.unpacking:
            return 0.8
        if self.arrived:
            return 0.8 * self.arrived / self.announced
        return 0.8 * min(1.0, len(self.named) / max(1, self.packages))

    def draw(self, ending: str = "") -> None:
        """Show how far it is; an `ending` such as "done" ends the line."""
        seconds = int(time.monotonic() - self.begun)
        spent = f"{seconds // 60}:{seconds % 60:02}"
        if self.live:
            share = 1.0 if ending == "done" else self.share
            drawn = "#" * round(24 * share)
            line = f"  {self.title:<18} [{drawn:-<24}] {share:4.0%}  {spent}  {ending or self.latest}"
            width = shutil.get_terminal_size().columns - 1
            print("\r" + line[:width].ljust(width), end="\n" if ending else "", flush=True)
        elif ending:
            print(f"  {self.title}: {ending}, {spent}", flush=True)
