"""The count of the miniature is what a real training of it takes; the real sizes stay under their bars."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.families import FAMILIES
from studio.jobs.context import Context
from studio.jobs.run import new_run
from studio.memory.allowance import GIB
from studio.memory.blueprints import blueprint, of_family
from studio.memory.counting import Counter, tensors_of
from studio.train.memory.trial import count, prime
from studio.train.settings import TrainSettings
from studio.workspace import ASSETS, Workspace

MINIATURE = {
    "dataset": str(ASSETS / "demo" / "subject"), "class_word": "fox", "keep_class": "off", "steps": 4,
    "sample_every": 1000, "flip": False, "verdict": "none", "seed": 1,
}  # fmt: skip


@pytest.mark.parametrize("checkpointing", [True, False])
def test_the_miniature_takes_what_was_counted(tmp_path: Path, checkpointing: bool) -> None:
    from studio.train.engine import _begin

    workspace = Workspace.open(tmp_path)
    settings = TrainSettings.parse({**MINIATURE, "gradient_checkpointing": checkpointing})
    counted = count(settings, blueprint("pocket", workspace), dtype="fp32", frugal=False)
    run = new_run(workspace, "train", settings)
    training = _begin(Context(workspace, run, lambda event: None), settings)
    loop, model = training.loop, training.loop.model
    loop.step()
    with Counter("cpu") as counter:
        for module in (model.denoiser, model.vae):
            counter.hold(tensors_of(module))
        for state in loop.optimizer.optimizer.state.values():
            counter.hold(each for each in state.values() if hasattr(each, "untyped_storage"))
        with counter.phase("step"):
            loop.step()
    assert counted.peaks["step"] == pytest.approx(counter.peaks["step"], rel=0.05)


def test_the_step_that_is_counted_is_not_the_first(tmp_path: Path) -> None:
    from studio.train.engine import _begin

    workspace = Workspace.open(tmp_path)
    settings = TrainSettings.parse(MINIATURE)
    context = Context(workspace, new_run(workspace, "train", settings), lambda event: None)
    loop = _begin(context, settings).loop
    prime(loop)
    assert all(weight.grad is None for weight in loop.attached.weights.values())
    assert len(loop.optimizer.optimizer.state) == len(loop.packs)


@pytest.mark.parametrize(("family", "side", "most"), [("sd1", 512, 1.9), ("sd2", 768, 2.2)])
def test_real_sizes_stay_under_their_bars(family: str, side: int, most: float) -> None:
    settings = TrainSettings.parse({"dataset": "-", "base": family, "resolution": side})
    peaks = count(settings, of_family(FAMILIES.get(family)), dtype="bf16").peaks
    assert peaks["step"] <= most * GIB
    assert max(peaks.values()) == peaks["step"], "caching, sampling and saving need no more than a step"


def test_more_at_once_needs_more_and_packing_less(tmp_path: Path) -> None:
    base = blueprint("pocket", Workspace.open(tmp_path))

    def step(**values: object) -> int:
        settings = TrainSettings.parse({**MINIATURE, "gradient_checkpointing": False, **values})
        return count(settings, base, dtype="bf16").peaks["step"]

    usual = step()
    assert step(batch_size=4) > 2 * usual - step(batch_size=1) // 2
    assert step(storage="fp8") < usual
    assert step(storage="nf4") < step(storage="fp8")
    assert step(gradient_checkpointing=True) < usual
    assert step(optimizer="adamw", rank=64) > step(rank=64)
