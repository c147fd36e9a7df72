"""What the doctor costs: to measure a picture, and to examine a large dataset again.

`python tests/bench/doctor.py [pictures]`: prints seconds of the processor, and how the second examination
compares with opening the dataset, in the same run.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from studio.data.dataset import open_dataset
from studio.data.doctor import CHECKS, examine
from studio.data.doctor.viewing import view
from studio.models.facts import base_facts
from studio.workspace import Workspace


def scene(number: int, size: tuple[int, int]) -> Image.Image:
    """A picture that is like no other: random shapes of colour, smoothly enlarged."""
    random = np.random.default_rng(number)
    small = random.integers(0, 255, (random.integers(4, 9), random.integers(4, 9), 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def timed(work: Callable[[], object]) -> float:
    """Seconds of the processor."""
    began = time.process_time()
    work()
    return time.process_time() - began


def measuring(folder: Path) -> None:
    """Each measurement of one photograph of 12 megapixels."""
    picture = folder / "large.jpg"
    scene(0, (4000, 3000)).save(picture, quality=90)
    seen = view(picture)
    print(f"decoding 12 megapixels   {timed(lambda: view(picture)) * 1e3:6.0f} ms")
    for check in CHECKS:
        if check.measures:
            check.measure(seen)  # what it imports is not its cost
            print(f"  {check.name:22} {timed(lambda check=check: check.measure(seen)) * 1e3:6.0f} ms")


def examining(workspace: Workspace, count: int) -> None:
    """A dataset of many small pictures, examined three times."""
    folder = workspace.datasets / "many"
    folder.mkdir()
    for number in range(count):
        scene(number, (256, 192)).save(folder / f"{number}.jpg")
        (folder / f"{number}.txt").write_text(f"sks thing {number} on a table", encoding="utf-8")
    base = base_facts("pocket", workspace)
    process = psutil.Process()
    for round in ("first", "second", "third"):
        before = process.memory_info().rss
        opening = timed(lambda: open_dataset(folder))
        both = timed(lambda: examine(open_dataset(folder), workspace=workspace, base=base, trigger="sks"))
        spent = both - opening
        grown = (process.memory_info().rss - before) / 2**20
        print(
            f"{round:6} examination of {count}: {spent:6.2f} s, {spent / count * 1e3:6.2f} ms a picture, "
            f"{spent / opening:5.1f} times opening it; memory {grown:+.0f} MB"
        )


def main() -> None:
    """Measure, and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as folder:
        measuring(Path(folder))
        examining(Workspace.open(Path(folder) / "workspace"), count)


if __name__ == "__main__":
    main()
