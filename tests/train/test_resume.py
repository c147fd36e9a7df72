"""A training that was stopped, cut off or killed goes on to the identical next step."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from studio.adapters.header import read_header
from studio.errors import Cancelled
from studio.train import training
from studio.train.checkpoints import Checkpoints
from studio.train.optimizers import OPTIMIZERS
from tests.train.studio_in_small import Small, StoppedAfter, draw_picture, make_small

SETTINGS = {
    "steps": 9,
    "save_every": 4,
    "rank": 32,
    "network": "locon",  # 8-bit states begin at 4,096 values
    "learning_rate": 1e-3,
}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def losses(small: Small, run: Any) -> list[dict[str, float]]:
    return small.steps(run)


def hashes(small: Small) -> set[str]:
    """Of the tensors in the finished files."""
    return {
        read_header(path).metadata["sshs_model_hash"] for path in small.workspace.loras.glob("*.safetensors")
    }


VARIANTS = (
    *({"optimizer": optimizer} for optimizer in OPTIMIZERS.names()),
    {"accumulation": 2, "batch_size": 3, "caption_dropout": 0.5, "gradient_checkpointing": True},
    {"text_learning_rate": 1e-3, "network": "lora", "dropout": 0.2},
    {"text_learning_rate": 1e-3, "network": "lora", "text_part": 0.3, "ema": 0.9},
    {"text_learning_rate": 1e-3, "network": "lora", "text_part": 0.3, "dropout": 0.3},
    {"text_learning_rate": 1e-3, "network": "lora", "text_part": 0.9, "optimizer": "schedule-free"},
    {"keep_class": "on", "class_folder": "dots", "shuffle_tags": True, "captions": "captions"},
)


@pytest.mark.parametrize("values", VARIANTS, ids=str)
def test_a_stopped_training_goes_on_as_if_it_had_not_been(small: Small, values: dict[str, Any]) -> None:
    unbroken = small.run(**{**SETTINGS, **values})
    small.train(unbroken)
    broken = small.run(**{**SETTINGS, **values})
    with pytest.raises(Cancelled):
        small.train(broken, StoppedAfter(small, broken, 5))
    assert [line["step"] for line in losses(small, broken)] == [1, 2, 3, 4, 5]
    (broken.folder(small.workspace) / "stop").unlink()
    small.train(broken)
    assert losses(small, broken) == losses(small, unbroken)
    assert len(hashes(small)) == 1
    assert len(list(small.workspace.loras.glob("*.safetensors"))) == 2


def test_steps_after_the_last_checkpoint_are_made_again_not_doubled(small: Small) -> None:
    unbroken, killed = small.run(**SETTINGS), small.run(**SETTINGS)
    small.train(unbroken)

    class Killed(StoppedAfter):
        def check(self) -> None:
            if self._stop.exists():
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small.train(killed, Killed(small, killed, 6))
    assert len(losses(small, killed)) == 6
    (killed.folder(small.workspace) / "stop").unlink()
    small.train(killed)
    assert losses(small, killed) == losses(small, unbroken)


def test_a_full_disk_at_a_save_leaves_the_checkpoint_before_it(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken, broken = small.run(**SETTINGS), small.run(**SETTINGS)
    small.train(unbroken)
    write = training.write_lora

    def full(path: Path, *rest: Any) -> None:
        if "step-000008" in str(path):
            path.write_bytes(b"half of it")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, *rest)

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(training, "write_lora", full)
        small.train(broken)
    folder = broken.folder(small.workspace) / "checkpoints"
    assert [path.name for path in folder.iterdir()] == ["step-000004"]
    small.train(broken)
    assert losses(small, broken) == losses(small, unbroken)


def test_a_damaged_state_is_passed_over_for_the_one_before(small: Small) -> None:
    unbroken, broken = small.run(**SETTINGS), small.run(**SETTINGS)
    small.train(unbroken)
    with pytest.raises(Cancelled):
        small.train(broken, StoppedAfter(small, broken, 6))
    folder = broken.folder(small.workspace)
    state = folder / "checkpoints" / "step-000006" / "state.pt"
    state.write_bytes(state.read_bytes()[:1000])
    (folder / "stop").unlink()
    small.train(broken)
    assert losses(small, broken) == losses(small, unbroken)


def test_what_a_kill_left_half_written_is_never_taken_for_a_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(3, {"step": 3}, lambda path: path.touch())
    half = tmp_path / ".step-000004.part"
    half.mkdir()
    (half / "state.pt").write_bytes(b"PK")
    assert checkpoints.newest() == {"step": 3}
    checkpoints.save(4, {"step": 4}, lambda path: path.touch())
    assert checkpoints.newest() == {"step": 4}
    assert not half.exists()


def test_loras_of_all_checkpoints_stay_and_old_states_go(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step in (10, 20, 30, 40):
        checkpoints.save(step, {"step": step}, lambda path: path.touch())
    assert [path.parent.name for path in sorted(tmp_path.glob("*/state.pt"))] == [
        "step-000030",
        "step-000040",
    ]
    assert len(list(tmp_path.glob("*/lora.safetensors"))) == 4


def test_a_picture_that_came_while_the_training_rested_is_told(small: Small) -> None:
    run = small.run(**SETTINGS)
    with pytest.raises(Cancelled):
        small.train(run, StoppedAfter(small, run, 2))
    (run.folder(small.workspace) / "stop").unlink()
    draw_picture(small.workspace.datasets / "dots" / "new.png", "black")
    small.train(run)
    notes = [told.facts["text"] for told in small.told("note")]
    assert (
        "The pictures or captions changed while the training rested; it goes on with them as they are now."
        in notes
    )
