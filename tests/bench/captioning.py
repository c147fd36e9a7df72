"""Captioning by the studio against the same model in a bare loop, on the miniature.

    python -m tests.bench.captioning [pictures] [batch] [rounds]

The bare loop has its pictures open already and writes nothing; the studio opens them, writes captions with
their history and tells its progress. Rounds of both alternate, so that a busy machine is the same to both.
The bar: the studio is at most 10 % slower.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from shutil import copyfile
from statistics import median

from studio.caption.engine import CaptionEngine
from studio.caption.settings import CAPTIONERS, CaptionSettings
from studio.data.pictures import open_picture
from studio.jobs.context import Context
from studio.jobs.events import EventLog
from studio.jobs.run import new_run
from studio.models.opening import best_device
from studio.workspace import ASSETS, Workspace

BAR = 1.10


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

        bare = _bare(dataset, settings, workspace)
        studio()  # opens the model
        ratios = []
        for number in range(rounds):
            loop, ours = _seconds(bare), _seconds(studio)
            ratios.append(ours / loop)
            print(f"round {number + 1}: bare loop {loop:.2f} s, studio {ours:.2f} s, ratio {ratios[-1]:.3f}")
    ratio = median(ratios)
    rate = count / loop
    print(
        f"{count} pictures in batches of {batch}: {rate:.1f} pictures/s in the bare loop; "
        f"median ratio {ratio:.3f} ({'holds' if ratio <= BAR else 'misses'} the bar of {BAR})"
    )
    return ratio


def _bare(dataset: Path, settings: CaptionSettings, workspace: Workspace) -> Callable[[], None]:
    run = new_run(workspace, "caption", settings)
    context = Context(workspace, run, lambda event: None)
    captioner = CAPTIONERS.get(settings.captioner).open(best_device(), context, settings)
    images = [open_picture(path, at_least=captioner.side) for path in sorted(dataset.glob("*.png"))]

    def loop() -> None:
        rest = iter(images)
        while some := list(islice(rest, settings.batch_size)):
            captioner.caption(some, settings)

    return loop


def _dataset(folder: Path, count: int) -> Path:
    """The demo's pictures, over and over."""
    folder.mkdir(parents=True)
    pictures = sorted((ASSETS / "demo").rglob("*.png"))
    for number in range(count):
        copyfile(pictures[number % len(pictures)], folder / f"{number:04}.png")
    return folder


def _seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])) > BAR)
