"""Presets of one's own: saved by name, found again, never over another, and gone only to the bin."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio import presets
from studio.errors import SettingsError
from studio.generate.settings import GenerateSettings
from studio.presets import bin_preset, own_folder, presets_of, save_preset
from studio.train.settings import TrainSettings
from studio.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path)


def settings(**values: object) -> TrainSettings:
    return TrainSettings.parse({"dataset": "fox", "steps": 300, "seed": 5, **values})


def test_a_preset_of_ones_own_comes_back_without_what_belongs_to_one_job(workspace: Workspace) -> None:
    odd = 'sks "fox"\n\\ ü\x7f'
    given = settings(sample_prompts=odd, learning_rate=1e-5, flip=False)
    name, _ = save_preset(workspace, "train", " My: foxes ", given, purpose="subject")
    found = presets_of(workspace, "train")[name]
    assert found.own and found.preset.title == "My: foxes" and found.preset.purpose == "subject"
    assert dict(found.preset.values) == {
        "steps": 300, "sample_prompts": odd, "learning_rate": 1e-5, "flip": False,
    }  # fmt: skip
    assert TrainSettings.layered({"dataset": "fox", "seed": 5}, found.preset.values) == given


def test_ours_come_first_and_none_is_overwritten(workspace: Workspace) -> None:
    names = [save_preset(workspace, "train", title, settings())[0] for title in ("a", "a", "pocket-subject")]
    found = presets_of(workspace, "train")
    assert names == ["a", "a 2", "pocket-subject (own)"]
    assert [found[name].preset.title for name in names] == ["a", "a 2", "pocket-subject"]
    assert not found["pocket-subject"].own and found["pocket-subject (own)"].own
    assert list(found)[-3:] == sorted(names)


def test_a_mix_of_loras_can_be_kept(workspace: Workspace) -> None:
    mixes = [{"name": "fox", "weight": 0.8}, {"name": "ink", "weight": 0.5}]
    given = GenerateSettings.parse({"prompt": "a fox", "adapters": mixes})
    _, preset = save_preset(workspace, "generate", "two", given)
    assert GenerateSettings.layered(preset.values) == given


def test_a_file_that_cannot_be_read_hides_only_itself(workspace: Workspace) -> None:
    save_preset(workspace, "train", "good", settings())
    (own_folder(workspace, "train") / "bad.toml").write_text("steps = ")
    assert "good" in presets_of(workspace, "train") and "bad" not in presets_of(workspace, "train")


def test_only_ones_own_go_to_the_bin(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    binned: list[Path] = []
    monkeypatch.setattr(presets, "send2trash", binned.append)
    name, _ = save_preset(workspace, "train", "old", settings())
    bin_preset(workspace, "train", name)
    assert [file.name for file in binned] == ["old.toml"]
    with pytest.raises(SettingsError, match="pocket-subject"):
        bin_preset(workspace, "train", "pocket-subject")


def test_a_preset_needs_a_name(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="no name"):
        save_preset(workspace, "train", "  ", settings())
