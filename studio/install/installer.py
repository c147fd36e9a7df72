"""Running pip and uv: with a progress bar, a log, and by another way where one does not work."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from studio.install.faults import explain
from studio.install.progress import Bar

UV = "uv==0.13.8"
Way = Sequence[list[str]]
"""Commands that lead to the goal when each of them succeeds."""


class Installer:
    """Installs into the environment of one Python.

    `held` are open files that the installers inherit, so that a lock outlives us as long as they do.
    """

    def __init__(self, python: Path, log: Path, held: tuple[int, ...] = ()) -> None:
        self.python, self.log, self.held = str(python), log, held

    def pip(self, *what: str) -> Way:
        """By pip, which every environment has."""
        quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off")
        return [[self.python, "-m", "pip", "install", *what, *quiet]]

    def uv(self, *what: str) -> Way:
        """By uv: fast, and it knows where the torch build for a card lies.

        Compiled at once, as pip does: the page opens in a third of the time.
        """
        install = [self.python, "-m", "uv", "pip", "install", "--compile-bytecode", "--python", self.python]
        return [*self.pip(UV), [*install, *what]]

    def go(self, title: str, packages: int, *ways: Way) -> None:
        """Try the ways in turn; raises the `InstallFault` of the last if none leads to the end."""
        for number, way in enumerate(ways, 1):
            bar = Bar(title, packages)
            failed = next((output for command in way if (output := self._run(command, bar))), "")
            last = number == len(ways)
            bar.draw("done" if not failed else "failed" if last else "failed; there is another way")
            if not failed:
                return
            fault = explain(failed, self.log)
            if fault.final or last:
                raise fault

    def write(self, text: str) -> None:
        """Add to the log."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(text)

    def _run(self, command: list[str], bar: Bar) -> str:
        """Run a command to its end; returns what it printed if it failed, else nothing."""
        self.write(f"\n$ {' '.join(command)}\n")
        process = subprocess.Popen(
            command,
            cwd=self.log.parent,
            env={**os.environ, "PIP_REQUIRE_VIRTUALENV": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            pass_fds=() if os.name == "nt" else self.held,
        )
        assert process.stdout is not None
        lines: list[str] = []
        reader = threading.Thread(target=self._follow, args=(process.stdout, lines, bar), daemon=True)
        reader.start()
        try:
            while reader.is_alive():
                bar.draw()
                reader.join(0.2)
            code = process.wait()
        finally:
            process.kill()
        return ("".join(lines) or f"exit code {code}") if code else ""

    def _follow(self, output: IO[str], lines: list[str], bar: Bar) -> None:
        for line in output:
            lines.append(line)
            self.write(line)
            bar.hear(line)
