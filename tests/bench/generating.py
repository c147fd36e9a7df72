"""What generating costs beside the bare pipeline, on the miniature; ratios and medians of one run.

    python -m tests.bench.generating [pipe | live | memory | gallery] …

From click to picture by a bare pipeline call; a live preview while a slider moves; growth of memory over
200 generations with changing adapters, sizes and samplers; the gallery at 20,000 pictures.
"""

from __future__ import annotations

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import torch
from PIL import Image

from studio.generate.engine import GenerateEngine
from studio.generate.gallery import Gallery
from studio.generate.opened import WARM
from studio.generate.pictures import save_picture
from studio.generate.recipe import Recipe
from studio.generate.settings import SAMPLERS, GenerateSettings
from studio.jobs.context import Context, LiveContext
from studio.jobs.live import LiveRequest
from studio.jobs.run import new_run
from studio.models.opening import open_model
from studio.workspace import Workspace
from tests.adapters.loras import make_lora

STEPS, ROUNDS, SLIDES, GENERATIONS, PICTURES = 20, 21, 20, 200, 20_000
SIZES = ((128, 128), (128, 192), (160, 96), (96, 96))


class Bench:
    """The engine on the miniature in a workspace of its own, with four adapters."""

    def __init__(self, folder: Path) -> None:
        self.workspace, self.engine = Workspace.open(folder), GenerateEngine()
        model = open_model("pocket", self.workspace)
        for seed in range(4):
            make_lora(self.workspace.loras / f"lora{seed}.safetensors", model, seed=seed)

    def job(self, **values: Any) -> None:
        """One generation as the worker does it, to the file."""
        settings = GenerateSettings.parse({"prompt": "a red fox", "seed": 1, "steps": STEPS, **values})
        run = new_run(self.workspace, "generate", settings)
        self.engine(Context(self.workspace, run, lambda event: None), settings)

    def look(self, weight: float) -> None:
        """One live preview with an adapter at this weight."""
        mix = [{"name": "lora0", "weight": weight}]
        settings = GenerateSettings.parse({"prompt": "a red fox", "seed": 1, "adapters": mix})
        request = LiveRequest(1, "generate", {})
        self.engine.live(LiveContext(self.workspace, request, lambda asked: False), settings)


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes."""
    begun = clock()
    work()
    return clock() - begun


def both(work: Callable[[], object]) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor, which other programs on the machine hardly change."""
    begun = time.process_time()
    wall = seconds(work)
    return wall * 1000, (time.process_time() - begun) * 1000


def told(times: list[tuple[float, float]]) -> str:
    """The medians."""
    wall, processor = (statistics.median(each) for each in zip(*times, strict=True))
    return f"{wall:.0f} ms ({processor:.0f} ms of the processor)"


def pipe(bench: Bench) -> None:
    """From click to picture, beside the calls of its pipeline before and after it."""
    bench.job()
    pipeline = WARM._opened.model.pipeline()  # type: ignore[union-attr]
    guidance = WARM._opened.model.family.defaults.guidance  # type: ignore[union-attr]

    def bare() -> None:
        generator = torch.Generator().manual_seed(1)
        pipeline(
            "a red fox",
            num_inference_steps=STEPS,
            guidance_scale=guidance,
            generator=generator,
            width=128,
            height=128,
        )

    bare()
    ours, theirs = [], [both(bare)]
    for _ in range(ROUNDS):
        ours.append(both(bench.job))
        theirs.append(both(bare))
    print(f"click to picture {told(ours)}, bare pipeline {told(theirs)}")
    for number, clock in enumerate(("by the clock", "of the processor")):
        around = [(one[number] + other[number]) / 2 for one, other in pairwise(theirs)]
        ratios = sorted(own[number] / bare for own, bare in zip(ours, around, strict=True))
        print(f"  {statistics.median(ratios):.3f} times {clock}, {ratios[0]:.3f} to {ratios[-1]:.3f}")


def live(bench: Bench) -> None:
    """Previews while a slider moves, each with a new weight."""
    bench.look(0.5)
    took = [both(lambda at=at: bench.look(at / SLIDES)) for at in range(SLIDES)]  # type: ignore[misc]
    print(f"live preview {told(took)}")


def memory(bench: Bench) -> None:
    """Resident memory over generations that differ in adapters, sizes and samplers."""
    process, samplers = psutil.Process(), [each.name for each in SAMPLERS]
    seen = []
    for number in range(GENERATIONS):
        mix = [{"name": f"lora{each}", "weight": 0.1 * (number % 7)} for each in range(number % 4)]
        width, height = SIZES[number % len(SIZES)]
        bench.job(
            steps=2,
            adapters=mix,
            width=width,
            height=height,
            sampler=samplers[number % len(samplers)],
            prompt=f"a fox number {number}",
        )
        gc.collect()
        seen.append(process.memory_info().rss / 2**20)
    early, late = statistics.median(seen[60:80]), statistics.median(seen[-20:])
    print(f"memory {early:.0f} MiB after 70, {late:.0f} MiB after {GENERATIONS}: {late / early - 1:+.2%}")


def gallery(bench: Bench) -> None:
    """The index at 20,000 pictures: built, searched, and brought up to one more."""
    values = {"negative": "", "steps": 4, "guidance": 3, "width": 8, "height": 8, "sampler": "auto"}
    small = Image.new("RGB", (8, 8))
    for number in range(PICTURES):
        recipe = Recipe(
            {**values, "prompt": f"a red fox number {number}, by night", "seed": number}, model="M"
        )
        day = bench.workspace.outputs / f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
        if number < 200:
            save_picture(small, day / f"{number:06}.png", recipe.texts())
        else:  # a copy is enough for the index, and quick
            day.mkdir(exist_ok=True)
            os.link(bench.workspace.outputs / "2026-01-01" / "000000.png", day / f"{number:06}.png")
    index = Gallery(bench.workspace)
    print(f"gallery of {PICTURES}: built in {seconds(index.rebuild):.1f} s")
    for text in ("", "fox", "fox number 7 night", "nothing"):
        print(f"  “{text}”: {seconds(lambda text=text: index.search(text)) * 1000:.0f} ms")  # type: ignore[misc]
    recipe = Recipe({**values, "prompt": "a hen", "seed": 1})
    save_picture(small, bench.workspace.outputs / "2026-12-31" / "new.png", recipe.texts())
    print(f"  one more: {seconds(lambda: index.search('hen')) * 1000:.0f} ms")


PARTS = {"pipe": pipe, "live": live, "memory": memory, "gallery": gallery}


def main() -> None:
    """Measure the parts that are named, or all."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name in sys.argv[1:] or PARTS:
            PARTS[name](bench)


if __name__ == "__main__":
    main()
