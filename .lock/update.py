"""Make the lock files anew from pyproject.toml: `python .lock/update.py [--upgrade]`, with uv installed.

studio.txt is what the studio runs with, test.txt the same and what its tests need. Both hold for every
system and Python version we support. torch and the libraries of its card are left out: launch.py
installs the build for the machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
COMES_WITH_TORCH = re.compile(r"(torch|triton|cuda-|nvidia-(?!ml-py))")


def lock(name: str, *options: str) -> None:
    """Write one lock file; versions it already holds stay unless `--upgrade` is given."""
    file = FOLDER / f"{name}.txt"
    command = [
        *(
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--fork-strategy",
            "fewest",
        ),
        *("--no-annotate", "--no-header", "--output-file", str(file)),
        *(str(FOLDER.parent / "pyproject.toml"), *options),
    ]
    subprocess.run(command, check=True)
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not COMES_WITH_TORCH.match(line)]
    file.write_text("".join(kept), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    lock("studio", *sys.argv[1:])
    lock(
        "test",
        "--extra=test",
        "--extra=pocket",
        "--extra=datasets",
        "--constraint",
        str(FOLDER / "studio.txt"),
        *sys.argv[1:],
    )
