"""`studio generate`: recipes in and out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.errors import SettingsError
from studio.generate.recipe import Recipe, read_recipe
from studio.generate_command import asked, read_mix
from studio.workspace import Workspace
from tests.conftest import Run


def test_a_recipe_goes_out_as_json_and_comes_in_again(
    studio: Run, workspace: Workspace, tmp_path: Path
) -> None:
    where = ("--workspace", workspace.root, "--json")
    told = studio("generate", "a fox", "--steps", "2", "--seed", "5", "--format", "webp", *where)
    assert told.returncode == 0, told.stderr
    (made,) = json.loads(told.stdout)
    assert made["kind"] == "picture" and made["recipe"]["values"]["prompt"] == "a fox"
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(made["recipe"]), encoding="utf-8")
    assert read_recipe(file).values == read_recipe(Path(made["path"])).values


def test_flags_go_over_the_recipe(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "recipe.json"
    file.write_text(Recipe({"prompt": "a fox", "seed": 5, "base": "pocket"}).to_json(), encoding="utf-8")
    values = asked({"seed": 6}, ["ink:0.8", "water"], file, workspace)
    assert (values["prompt"], values["seed"]) == ("a fox", 6)
    assert values["adapters"] == [{"name": "ink", "weight": 0.8}, {"name": "water"}]


def test_a_weight_that_is_no_number_gets_a_sentence() -> None:
    with pytest.raises(SettingsError, match="“much” is not a number"):
        read_mix("ink:much")
