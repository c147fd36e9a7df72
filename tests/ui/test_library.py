"""The library of the mixer: what fits is offered, what is dropped is looked at, nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.families import FAMILIES
from studio.ui.desk import Desk
from studio.ui.library import Library, take_adapters
from studio.workspace import Workspace

KEY = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"


def write_lora(path: Path, family: str = "pocket", fill: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {
        f"{KEY}.lora_down.weight": np.full((4, 8), fill, np.float16),
        f"{KEY}.lora_up.weight": np.zeros((8, 4), np.float16),
        f"{KEY}.alpha": np.array(4, np.float16),
    }
    save_file(tensors, path, metadata={"ss_base_model_version": FAMILIES.get(family).base_version})
    return path


@pytest.fixture
def library(workspace: Workspace) -> Library:
    return Library(Desk(workspace))


def test_a_new_lora_is_there_at_the_next_look(library: Library) -> None:
    assert library.shown("pocket") == []
    write_lora(library.desk.workspace.loras / "fox.safetensors")
    (card,) = library.shown("pocket")
    assert (card["name"], card["rank"], card["misfit"], card["fresh"]) == ("fox", 4, "", True)


def test_a_lora_of_another_family_says_so_and_is_left_out_of_the_mix(library: Library) -> None:
    write_lora(library.desk.workspace.loras / "old.safetensors", family="sd1")
    write_lora(library.desk.workspace.loras / "fox.safetensors")
    shown = {card["name"]: card["misfit"] for card in library.shown("pocket")}
    assert shown["fox"] == ""
    assert FAMILIES.get("sd1").title in shown["old"]
    rows = [{"name": name, "weight": 0.5, "on": True} for name in shown]
    assert [mix["name"] for mix in library.mixes(rows, "pocket")] == ["fox"]


def test_a_row_that_is_off_is_left_out_and_weight_zero_is_not(library: Library) -> None:
    for name in ("a", "b"):
        write_lora(library.desk.workspace.loras / f"{name}.safetensors")
    rows = [{"name": "a", "weight": 0.0, "on": True}, {"name": "b", "weight": 1.0, "on": False}]
    assert library.mixes(rows, "pocket") == [{"name": "a", "weight": 0.0, "on": True}]


def test_the_mixer_opens_with_the_last_mix_then_the_newest_switched_off(library: Library) -> None:
    for name in ("a", "b"):
        write_lora(library.desk.workspace.loras / f"{name}.safetensors")
    rows = library.at_first("pocket", [{"name": "b", "weight": 0.3}])
    assert [(row["name"], row["on"]) for row in rows] == [("b", True), ("a", False)]


def test_dropped_files_are_looked_at_and_never_overwrite(workspace: Workspace, tmp_path: Path) -> None:
    write_lora(workspace.loras / "fox.safetensors")
    before = (workspace.loras / "fox.safetensors").read_bytes()
    write_lora(tmp_path / "in" / "fox.safetensors", fill=1.0)
    (tmp_path / "in" / "note.safetensors").write_text("hello")
    added, refused = take_adapters(workspace, tmp_path / "in")
    assert added == ["fox 2"]
    assert (workspace.loras / "fox.safetensors").read_bytes() == before
    assert ["note.safetensors" in str(fault) for fault in refused] == [True]


def test_the_very_same_file_is_not_added_twice(workspace: Workspace, tmp_path: Path) -> None:
    write_lora(workspace.loras / "fox.safetensors")
    write_lora(tmp_path / "in" / "fox.safetensors")
    added, refused = take_adapters(workspace, tmp_path / "in")
    assert added == []
    assert "already" in str(refused[0])


def test_a_lora_brings_its_base_along_where_the_present_one_does_not_fit(library: Library) -> None:
    for family in ("pocket", "pocket-sd3", "flux"):
        write_lora(library.desk.workspace.loras / f"of {family}.safetensors", family=family)
    assert library.base_for(["of pocket-sd3"], "pocket") == "pocket-sd3"
    assert library.base_for(["of pocket"], "pocket-sd3") == "pocket"
    assert library.base_for(["of pocket", "of pocket-sd3"], "pocket-sd3") == ""
    assert library.base_for(["of flux"], "pocket") == ""  # none of that family is here
    assert library.base_for([], "pocket") == ""
