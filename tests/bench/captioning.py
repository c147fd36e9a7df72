"""Captioning by the studio against the same model in a bare loop, on the miniature.

    python -m tests.bench.captioning [pictures] [batch] [rounds]

The bare loop opens a batch of pictures with Pillow, calls the model on it, and forgets what it said. The
studio writes captions with their history, tells its progress and can be stopped. A third figure is the model
alone, on pictures that are open already. Rounds of the three alternate, so that a busy machine is the same to
all. The bar: the studio is at most 10 % slower than the bare loop.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from statistics import median

from PIL import Image

from studio.caption.engine import CaptionEngine
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.jobs.context import Context
from studio.jobs.events import EventLog
from studio.jobs.run import new_run
from studio.models.opening import best_device
from studio.workspace import ASSETS, Workspace

BAR = 1.10
Work = Callable[[], None]


def main(count: int = 96, batch: int = 8, rounds: int = 7) -> float:
    """Print the seconds of each round and the median ratio of the studio to the bare loop."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.open(folder)
        dataset = _dataset(workspace.datasets / "bench", count)
        settings = CaptionSettings(dataset=str(dataset), existing="replace", batch_size=batch)
        engine = CaptionEngine()

        def studio() -> None:
            run = new_run(workspace, "caption", settings)
            engine(Context(workspace, run, EventLog(run.folder(workspace)).append), settings)

        model, bare = _bare(dataset, settings, workspace)
        studio()  # opens the model
        ratios, alone = [], []
        for number in range(rounds):
            ours, loop, least = _seconds(studio), _seconds(bare), _seconds(model)
            ratios.append(ours / loop)
            alone.append(ours / least)
            print(
                f"round {number + 1}: studio {ours:.2f} s, bare loop {loop:.2f} s ({ratios[-1]:.3f}), "
                f"model alone {least:.2f} s ({alone[-1]:.3f})"
            )
    ratio = median(ratios)
    print(
        f"{count} pictures in batches of {batch}, {count / loop:.1f} a second: the studio takes {ratio:.3f} "
        f"of the bare loop's time ({'holds' if ratio <= BAR else 'misses'} the bar of {BAR}), "
        f"{median(alone):.3f} of the model's alone"
    )
    return ratio


def _bare(dataset: Path, settings: CaptionSettings, workspace: Workspace) -> tuple[Work, Work]:
    """The model alone, and the loop that opens the pictures."""
    run = new_run(workspace, "caption", settings)
    context = Context(workspace, run, lambda event: None)
    captioner = CAPTIONERS.get(settings.captioner).open(best_device(), context, settings)
    paths, size = sorted(dataset.glob("*.png")), settings.batch_size
    starts = range(0, len(paths), size)
    batches = [[_opened(path) for path in paths[start : start + size]] for start in starts]

    def model() -> None:
        for batch in batches:
            captioner.caption(batch, settings)

    def loop() -> None:
        for start in starts:
            captioner.caption([_opened(path) for path in paths[start : start + size]], settings)

    return model, loop


def _opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


def _dataset(folder: Path, count: int) -> Path:
    """The demo's pictures, over and over."""
    folder.mkdir(parents=True)
    pictures = sorted((ASSETS / "demo").rglob("*.png"))
    for number in range(count):
        copyfile(pictures[number % len(pictures)], folder / f"{number:04}.png")
    return folder


def _seconds(work: Work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > BAR)
