"""Whatever is wrong with what a training is given: a clear sentence, and nothing is lost."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from studio.errors import DatasetError, ModelError, SettingsError, TrainingError, explain
from studio.jobs.context import Context
from studio.train.metrics import read_metrics
from studio.train.probe import Probe
from tests.train.studio_in_small import Small, make_small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return make_small(tmp_path)


def notes(small: Small) -> str:
    return " ".join(told.facts["text"] for told in small.told("note"))


def test_pictures_none_of_which_can_be_read(small: Small) -> None:
    for path in (small.workspace.datasets / "dots").glob("*.png"):
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DatasetError, match=r"None of the pictures in dots can be used.*0\.png is damaged"):
        small.train(small.run())


def test_a_picture_that_turns_out_to_be_damaged_later_is_left_out(small: Small) -> None:
    run = small.run()

    class Late(Context):
        def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
            if message.startswith("Opening"):
                picture = self.workspace.datasets / "dots" / "1.png"
                picture.write_bytes(picture.read_bytes()[:60])

    small.train(run, Late(small.workspace, run, small.events.append))
    assert "Left out: 1.png is damaged" in notes(small)
    assert len(small.told("lora")) == 1


def test_a_dataset_that_is_deleted_while_it_is_trained(small: Small) -> None:
    run = small.run(verdict="quick")
    folder = small.workspace.datasets / "dots"

    class Deleting(Context):
        def progress(self, step: int, total: int, message: str = "", **values: float) -> None:
            if message.startswith("Step 2"):
                shutil.rmtree(folder)

    small.train(run, Deleting(small.workspace, run, small.events.append))
    assert len(small.told("lora")) == 1
    with pytest.raises(DatasetError, match="dots"):
        small.train(run)
    assert len(read_metrics(run.folder(small.workspace))) == 4


def test_a_base_whose_file_is_cut_off(small: Small) -> None:
    unet = next((small.workspace.models / "tiny" / "unet").glob("*.safetensors"))
    unet.write_bytes(unet.read_bytes()[:5000])
    with pytest.raises(ModelError, match="cut off"):
        small.train(small.run())


def test_a_caption_of_ten_thousand_words(small: Small) -> None:
    (small.workspace.datasets / "dots" / "0.txt").write_text("red " * 10_000)
    small.train(small.run(captions="captions"))
    assert "0.png is described by more words" in notes(small)


def test_a_rank_larger_than_the_layers(small: Small) -> None:
    small.train(small.run(rank=256, steps=2))
    assert "256" in notes(small)
    assert len(small.told("lora")) == 1


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"learning_rate": 1e6}, "learning_rate", "must be at most 1"),
        ({"rank": 0}, "rank", "must be at least 1"),
        ({"steps": 0}, "steps", "must be at least 1"),
    ],
)
def test_figures_that_cannot_work_name_their_field(
    small: Small, values: dict[str, float], field: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said) as fault:
        small.settings(**values)
    assert fault.value.field == field


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"resolutions": "768, big"}, "resolutions"),
        ({"more_datasets": "dots x0"}, "more_datasets"),
    ],
)
def test_lines_that_cannot_be_read_name_their_field(small: Small, values: dict[str, str], field: str) -> None:
    with pytest.raises(SettingsError) as fault:
        small.train(small.run(**values))
    assert fault.value.field == field


def test_a_training_that_changes_nothing_stops_and_says_why(small: Small) -> None:
    with pytest.raises(TrainingError, match=r"changes nothing.*learning rate \(1e-12\) is too low.*0\.0001"):
        small.train(small.run(learning_rate=1e-12, steps=40, save_every=1000))


def test_a_learning_rate_that_ruins_the_base_stops_and_says_so(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = small.run(learning_rate=1, steps=20, save_every=1)
    monkeypatch.setattr(Probe, "loss", lambda probe: 0.5 if small.told("checkpoint") else 0.2)
    with pytest.raises(TrainingError, match=r"learning rate \(1\) is too high.*a tenth"):
        small.train(run)
    assert [told.facts["step"] for told in small.told("checkpoint")] == [1]


@pytest.mark.parametrize("where", ["samples", "loras"])
def test_a_full_disk_is_told_and_the_run_goes_on_from_there(
    small: Small, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    run = small.run(steps=4, save_every=1, sample_every=2)
    replace = os.replace

    def full(source: str, target: str) -> None:
        if where in str(target) and "step-000000" not in str(target):
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        replace(source, target)

    with monkeypatch.context() as patched, pytest.raises(OSError) as fault:
        patched.setattr(os, "replace", full)
        small.train(run)
    assert "no room left on the disk" in str(explain(fault.value))
    assert [path.name for path in run.folder(small.workspace).rglob("*.part")] == []
    small.train(run)
    assert [line["step"] for line in read_metrics(run.folder(small.workspace))] == [1, 2, 3, 4]
    assert [told.path.endswith("dots.safetensors") for told in small.told("lora")] == [True]


def test_the_last_sound_state_is_kept_when_the_loss_is_lost(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.train import loop

    numbers = iter([0.1, 0.2, float("nan")])
    true_loss = loop.objective.training_loss
    monkeypatch.setattr(
        loop.objective, "training_loss", lambda *a, **k: true_loss(*a, **k) * 0 + next(numbers)
    )
    run = small.run(save_every=1000)
    with pytest.raises(TrainingError, match="step 3.*learning rate"):
        small.train(run)
    assert [told.facts["step"] for told in small.told("checkpoint")] == [2]
