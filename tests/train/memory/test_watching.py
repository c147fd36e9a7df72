"""What a run says of its memory: its real peaks, spill, and what to do when it is full."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.errors import OutOfMemory
from studio.jobs.context import Context
from studio.jobs.events import Artifact, Event
from studio.memory.allowance import GIB
from studio.memory.fit import Saver, card_of, judged
from studio.train.loop import Loop
from studio.train.memory import watching
from studio.train.memory.phases import PHASES
from studio.train.memory.watching import Watch
from tests.train.studio_in_small import Small, make_small


class Meter:
    """A card of 8 GiB whose use a test decides."""

    name, total = "a card", 8 * GIB

    def __init__(self) -> None:
        self.used, self.left = GIB, 4 * GIB

    def begin(self) -> None: ...

    def peak(self) -> int:
        return self.used

    def free(self) -> int:
        return self.left


class OutOfMemoryError(RuntimeError):
    """torch's is known by its name."""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def watch(small: Small, meter: Meter) -> Watch:
    savers = (
        Saver("optimizer", "adamw8bit", "AdamW 8-bit", GIB, "nothing"),
        Saver("batch_size", 2, "2 at a time, added up", GIB, "a little more time"),
    )
    titles = {name: phase.title for name, phase in PHASES.items()}
    fit = judged({"step": 5 * GIB}, titles, card_of(8), savers)
    run = small.run(batch_size=4)
    return Watch(Context(small.workspace, run, small.events.append), meter, fit)


def record(watch: Watch) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((watch.context.folder / "memory.json").read_text())
    return found


def test_real_peaks_stand_beside_the_estimate(small: Small, watch: Watch, meter: Meter) -> None:
    for used in (3, 5, 4):
        meter.used = used * GIB
        with watch.phase("step"):
            pass
    assert record(watch)["phases"]["step"] == {"peak": 5 * GIB, "estimate": 5 * GIB}
    assert [artifact.facts["peak"] for artifact in small.told("memory")] == [3 * GIB, 5 * GIB]


def test_out_of_memory_says_how_much_where_and_what_next(watch: Watch, meter: Meter) -> None:
    meter.left = GIB // 2
    with pytest.raises(OutOfMemory) as fault, watch.phase("step"):
        raise OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has …")
    assert "2.0 GiB more" in str(fault.value)
    assert "while training" in str(fault.value)
    assert "2 at a time, added up" in str(fault.value), "the optimizer cannot change in the middle"
    short = record(watch)["short"]
    assert (short["phase"], short["bytes"]) == ("step", 2 * GIB)
    assert short["saver"]["changes"] == {"batch_size": 2, "accumulation": 2}


def test_other_faults_stay_what_they_are(watch: Watch) -> None:
    with pytest.raises(ZeroDivisionError), watch.phase("step"):
        raise ZeroDivisionError


@pytest.mark.parametrize(("left", "told"), [(0, True), (4 * GIB, False)])
def test_a_slow_step_on_a_full_card_is_spill(
    small: Small, watch: Watch, meter: Meter, monkeypatch: pytest.MonkeyPatch, left: int, told: bool
) -> None:
    lengths = iter([1.0] * 6 + [30.0, 1.0, 30.0])
    now = [0.0]
    monkeypatch.setattr(watching.time, "monotonic", lambda: now[0])
    meter.left = left
    for length in lengths:
        with watch.phase("step"):
            now[0] += length
    assert len(small.told("spill")) == told, "and it is told once"
    assert any("30 times" in str(note.facts["text"]) for note in small.told("note")) == told


def test_a_training_that_ran_out_of_memory_goes_on_from_where_it_was(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = small.run(steps=4, save_every=100)
    take_step = Loop.step

    def short(loop: Loop) -> dict[str, float]:
        if loop.done == 2:
            raise OutOfMemoryError("Tried to allocate 1.00 GiB")
        return take_step(loop)

    monkeypatch.setattr(Loop, "step", short)
    with pytest.raises(OutOfMemory):
        small.train(run)
    assert [step_of(event) for event in small.told("checkpoint")] == [2]
    monkeypatch.setattr(Loop, "step", take_step)
    small.train(run)
    lines = (run.folder(small.workspace) / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3, 4]
    assert {"text", "latents", "step", "sampling", "saving"} <= set(
        json.loads((run.folder(small.workspace) / "memory.json").read_text())["phases"]
    )


def step_of(event: Event) -> int:
    assert isinstance(event, Artifact)
    return int(event.facts["step"])
