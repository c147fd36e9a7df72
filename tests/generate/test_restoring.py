"""A recipe's settings come back with what is on this machine, and what is missing is named."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from studio.adapters.library import find_adapter
from studio.adapters.library_memory import Memory
from studio.families._base import Model
from studio.generate.recipe import Recipe, UsedAdapter
from studio.generate.restoring import Restored, restore
from studio.workspace import Workspace
from tests.adapters.loras import make_lora


@pytest.fixture
def ink(workspace: Workspace, model: Model) -> Path:
    make_lora(workspace.loras / "other.safetensors", model, seed=2)
    return make_lora(workspace.loras / "ink.safetensors", model, seed=1)


def restored(workspace: Workspace, *used: UsedAdapter, **more: str) -> Restored:
    mixes = [{"name": each.name, "weight": each.weight} for each in used]
    return restore(Recipe({"prompt": "a fox", "adapters": mixes}, adapters=used, **more), workspace)  # type: ignore[arg-type]


def data_hash(workspace: Workspace, path: Path) -> str:
    return Memory(workspace).data_hash(path)


@pytest.mark.parametrize("kind", ["data", "short", "file"])
def test_a_renamed_adapter_is_found_by_its_hash(workspace: Workspace, ink: Path, kind: str) -> None:
    whole = data_hash(workspace, ink)
    file = hashlib.sha256(ink.read_bytes()).hexdigest()
    hash_ = {"data": whole, "short": whole[:12], "file": file[:10]}[kind]
    ink.rename(ink.with_name("renamed.safetensors"))
    found = restored(workspace, UsedAdapter("styles/ink", 0.7, hash=hash_))
    assert found.values["adapters"] == [{"name": "renamed", "weight": 0.7}]
    assert found.notes == ("“ink” is called “renamed” here.",)


def test_a_namesake_with_other_weights_gives_way_to_the_very_file(workspace: Workspace, ink: Path) -> None:
    whole = data_hash(workspace, ink)
    ink.rename(ink.with_name("first.safetensors"))
    (workspace.loras / "other.safetensors").rename(ink)
    assert find_adapter(workspace, "ink")
    found = restored(workspace, UsedAdapter("ink", 1, hash=whole))
    assert found.values["adapters"][0]["name"] == "first"
    (workspace.loras / "first.safetensors").unlink()
    found = restored(workspace, UsedAdapter("ink", 1, hash=whole))
    assert found.values["adapters"][0]["name"] == "ink"
    assert "another file than the one that was used then" in found.notes[0]


def test_what_is_missing_is_named_and_the_rest_comes_back(workspace: Workspace, ink: Path) -> None:
    used = (UsedAdapter("ghost", 1, hash="0123456789ab"), UsedAdapter("ink", 0.5))
    found = restored(workspace, *used, model="sd_xl_base_1.0")
    assert [mix["name"] for mix in found.values["adapters"]] == ["ink"]
    assert "base" not in found.values and found.values["prompt"] == "a fox"
    said = " ".join(found.notes)
    assert "base model “sd_xl_base_1.0” is not here" in said and "LoRA “ghost” is not here" in said


def test_a_base_is_found_by_its_name(workspace: Workspace, tiny: Path) -> None:
    (workspace.models / "dreamer").symlink_to(tiny)
    assert restored(workspace, model="Dreamer").values["base"] == "dreamer"
    assert restore(Recipe({"base": "pocket"}), workspace).values["base"] == "pocket"


def test_what_the_person_wrote_can_come_back(workspace: Workspace) -> None:
    recipe = Recipe({"prompt": "a red fox"}, written={"prompt": "a {red|blue} fox", "style": "water"})
    assert restore(recipe, workspace).values["prompt"] == "a red fox"
    assert restore(recipe, workspace, as_written=True).values["prompt"] == "a {red|blue} fox"


def test_a_path_in_a_recipe_is_never_followed(workspace: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"x")
    found = restore(Recipe({"image": str(secret)}), workspace)
    assert "image" not in found.values and "not there any more" in found.notes[0]
    kept = workspace.hidden / "inputs" / "secret.png"
    kept.parent.mkdir()
    kept.write_bytes(b"x")
    assert restore(Recipe({"image": str(secret)}), workspace).values["image"] == str(kept)
