"""Settings from elsewhere: a kohya file, one that has none, and a LoRA that does not say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.errors import StudioError
from studio.jobs.queue import Queue
from studio.train.settings import TrainSettings
from studio.ui.training.bringing import read_settings
from studio.workspace import Workspace


def test_a_kohya_file_gives_values_and_names_what_it_left_out(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    file.write_text(json.dumps({"network_dim": 12, "max_train_steps": 77, "unet_magic": 3}))
    brought = read_settings(file, workspace)
    assert (brought.values["rank"], brought.values["steps"]) == (12, 77)
    assert "unet_magic" in brought.notes[0]
    TrainSettings.layered({"dataset": "x"}, brought.values)


@pytest.mark.parametrize(
    ("name", "content"), [("notes.json", "{}"), ("x.toml", "= ="), ("l.safetensors", "no")]
)
def test_a_file_without_settings_is_refused_in_a_sentence(
    workspace: Workspace, tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(StudioError, match=name):
        read_settings(tmp_path / name, workspace)


def test_a_run_goes_on_with_a_setting_that_needs_less_memory(workspace: Workspace) -> None:
    queue = Queue(workspace)
    run = queue.submit("train", TrainSettings(dataset="x"))
    queue.remove(run.id)
    queue.resume(run.id, {"storage": "fp8"})
    assert queue.read(run.id).settings == {**run.settings, "storage": "fp8"}
    assert queue.holds(run.id)
