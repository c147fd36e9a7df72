"""How long a large dataset takes to open and to edit, and whether memory stays flat.

Run it as `python tests/bench/datasets.py`. Each figure is of a process of its own, as after a start.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNT, LARGE = 2000, (4000, 3000)
KINDS = (".jpg", ".jpg", ".png", ".webp", ".avif")

TIMED = """
import sys, time
from pathlib import Path
from PIL import Image
folder = Path(sys.argv[1])
{prepare}
began = time.perf_counter()
{work}
print(time.perf_counter() - began)
"""
OPEN = ("from studio.data.dataset import open_dataset", "open_dataset(folder)")
WRITE = (
    "from studio.data.captions import write_captions\nfrom studio.data.dataset import picture_files",
    "write_captions({p: f'zwx, {p.stem}' for p in picture_files(folder)}, by='hand', note='bench')",
)
UNDO = ("from studio.data.captions import undo", "undo(folder)")
SAVE = (
    "from studio.data.captions import history, write_caption\n"
    "from studio.data.dataset import picture_files\np = picture_files(folder)[7]; history(p)",
    "write_caption(p, 'a new one', by='hand'); history(p)",
)
FIND = (
    "from studio.data.dataset import open_dataset\nfrom studio.data.filters import Subject, parse_filter\n"
    "found = open_dataset(folder).pictures",
    "keeps = parse_filter('tag:zwx -missing 7').keeps\n"
    "[p for p in found if keeps(Subject(p.path.name, p.caption, p.size))]",
)

PEAK = """
import resource, sys
from pathlib import Path
from studio.data.imports import import_pictures
from studio.data.pictures import thumbnail
from studio.workspace import Workspace
workspace = Workspace.open(Path(sys.argv[2]))
done = import_pictures(workspace, "large", sorted(Path(sys.argv[1]).iterdir())[: int(sys.argv[3])])
for picture in done.added:
    thumbnail(picture, workspace.cache)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def figure(code: str, *words: object) -> float:
    """What a script prints at its end."""
    command = [sys.executable, "-c", code, *map(str, words)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(told.stdout.split()[-1])


def seconds(folder: Path) -> Callable[[tuple[str, str]], float]:
    """Times a piece of work on a dataset."""
    return lambda task: figure(TIMED.format(prepare=task[0], work=task[1]), folder)


def fill(folder: Path, count: int, size: tuple[int, int], kinds: tuple[str, ...]) -> None:
    """Pictures of all kinds, each another, with as much detail as a photograph has."""
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 255, (size[1] // 8, size[0] // 8, 3), np.uint8)
    image = Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)
    drawn: dict[str, bytes] = {}
    for kind in set(kinds):
        image.save(folder / f"x{kind}")
        drawn[kind] = (folder / f"x{kind}").read_bytes()
        (folder / f"x{kind}").unlink()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        (folder / f"cat {number}{kind}").write_bytes(drawn[kind])


def main() -> None:
    """Measure and tell."""
    with tempfile.TemporaryDirectory() as place:
        folder, large = Path(place) / "many", Path(place) / "large"
        fill(folder, COUNT, (1024, 768), KINDS)
        timed = seconds(folder)
        (folder / ".history").mkdir()
        first, again = timed(OPEN), timed(OPEN)
        print(f"opening {COUNT} pictures    first {first:.2f} s, then {again:.2f} s ({again / first:.0%})")
        print(
            f"captions for all of them    {timed(WRITE):.2f} s in one change, undone in {timed(UNDO):.2f} s"
        )
        print(f"opening them with captions  {timed(OPEN):.2f} s")
        for _ in range(10):
            timed(WRITE), timed(UNDO)
        print(f"saving one, with history    {1000 * timed(SAVE):.0f} ms after 22 changes of all")
        print(f"filtering them              {1000 * timed(FIND):.0f} ms")
        fill(large, 40, LARGE, (".jpg", ".png"))
        few, many = (figure(PEAK, large, Path(place) / f"w{n}", n) for n in (4, 40))
        print(f"12 megapixels, brought in   {few:.0f} MiB for 4, {many:.0f} MiB for 40 ({many / few:.2f}×)")


if __name__ == "__main__":
    main()
