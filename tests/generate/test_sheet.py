"""Sheets: any setting along up to three axes, every cell a picture of its own with its whole recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.errors import Cancelled, SettingsError
from studio.families._base import Model
from studio.generate.recipe import read_recipe
from studio.generate.settings import Axis, GenerateSettings, Mix
from studio.generate.sheet import cells, comparison
from studio.generate.sheet_drawing import draw_sheet, fitting
from studio.jobs.events import Event
from tests.adapters.loras import make_lora
from tests.generate.studio_run import Bench
from tests.tiny import SIDE

SIZE = {"width": SIDE, "height": SIDE}


def parsed(**values: object) -> GenerateSettings:
    return GenerateSettings.parse({"prompt": "a fox", "seed": 1, **values})


@pytest.mark.parametrize(
    ("line", "setting", "values"),
    [
        ("steps=10,20", "steps", ("10", "20")),
        ("seed = 1-4", "seed", ("1", "2", "3", "4")),
        ("lora ink=0..1/3", "lora ink", ("0", "0.5", "1")),
        ("replace=red, big|blue", "replace", ("red, big", "blue")),
        ("sampler=euler,dpmpp_2m", "sampler", ("euler", "dpmpp_2m")),
    ],
)
def test_axes_are_written_as_one_thinks_of_them(line: str, setting: str, values: tuple[str, ...]) -> None:
    assert parsed(sheet=[line]).sheet == (Axis(setting=setting, values=values),)


def test_cells_run_along_the_first_axis_and_say_what_they_are() -> None:
    found = cells(parsed(sheet="steps=4,8\nreplace=fox|hen"))
    assert [cell.place for cell in found] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [(cell.settings.steps, cell.settings.prompt) for cell in found] == [
        *((4, "a fox"), (8, "a fox"), (4, "a hen"), (8, "a hen"))
    ]
    assert found[3].labels == ("steps 8", "hen")
    assert all(cell.settings.sheet == () for cell in found)


def test_weights_and_single_adapters_can_be_compared() -> None:
    mix = (Mix(name="ink", weight=0.5), Mix(name="water"))
    weighed = cells(parsed(adapters=mix, sheet="lora ink=0,1"))
    assert [[m.weight for m in cell.settings.adapters] for cell in weighed] == [[0, 1], [1, 1]]
    compared = cells(comparison(parsed(adapters=mix)))
    assert [[m.name for m in cell.settings.adapters if m.on] for cell in compared] == [
        *([], ["ink"], ["water"], ["ink", "water"])
    ]
    assert [cell.labels[0] for cell in compared] == ["no LoRA", "ink", "water", "all LoRAs"]
    assert len({cell.settings.seed for cell in compared}) == 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"sheet": "steps=10,many"}, "cannot be “many”"),
        ({"sheet": "wish=1,2"}, "no such setting"),
        ({"sheet": "steps=1-50\nseed=1-50"}, "2500 pictures"),
        ({"sheet": "replace=hen|owl"}, "“hen” is not in the prompt"),
        ({"sheet": "lora ghost=0,1"}, "no such LoRA"),
        ({"sheet": "steps"}, "is no axis"),
        ({"sheet": ["steps=1", "seed=1", "guidance=1", "width=64"]}, "at most 3"),
        ({"sheet": "sampler=euler,warp"}, "warp"),
    ],
)
def test_an_axis_that_cannot_be_followed_gets_a_sentence(values: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        cells(parsed(**values))


def test_nothing_to_compare_gets_a_sentence() -> None:
    with pytest.raises(SettingsError, match="no LoRAs to compare"):
        comparison(parsed())


def test_a_sheet_is_drawn_with_its_labels() -> None:
    found = cells(parsed(sheet="steps=4,8\nseed=1,2,3\nguidance=2,3"))
    colours = {
        cell.place: (cell, Image.new("RGB", (40, 30), (200, 20 * i, 0))) for i, cell in enumerate(found)
    }
    sheet = draw_sheet(parsed(sheet="steps=4,8\nseed=1,2,3\nguidance=2,3").sheet, colours)
    pixels = np.asarray(sheet)
    for _, picture in colours.values():
        colour = np.asarray(picture)[0, 0]
        assert (pixels == colour).all(axis=2).sum() == 40 * 30
    assert (pixels.max(axis=2) < 120).sum() > 200, "letters"


def test_a_sheet_is_painted_cell_by_cell_and_each_is_a_recipe(bench: Bench, model: Model) -> None:
    make_lora(bench.workspace.loras / "ink.safetensors", model, seed=1)
    bench.run(
        prompt="a fox",
        adapters=[{"name": "ink"}],
        sheet=["lora ink=0,1", "sampler=euler,ddim"],
        steps=2,
        **SIZE,
    )
    made = bench.made()
    assert [each.facts["cell"] for each in made] == [[0, 0], [1, 0], [0, 1], [1, 1]]
    recipe = read_recipe(Path(made[3].path))
    assert recipe.values["sampler"] == "ddim" and recipe.values["adapters"][0]["weight"] == 1
    (again,) = bench.paint(**recipe.values)
    assert np.array_equal(again, np.asarray(Image.open(made[3].path)))


def test_the_sheet_of_a_comparison_names_all_its_loras(bench: Bench, model: Model) -> None:
    make_lora(bench.workspace.loras / "ink.safetensors", model, seed=1)
    mix = [{"name": "ink", "weight": 0.5}]
    bench.run(prompt="a fox", adapters=mix, sheet="only=ink,none", steps=1, **SIZE)
    recipe = read_recipe(Path(bench.made("sheet")[0].path))
    assert [(used.name, used.weight) for used in recipe.adapters] == [("ink", 0.5)]


def test_a_sheet_can_be_painted_again_from_its_own_recipe(bench: Bench) -> None:
    bench.run(prompt="a fox", sheet="seed=1,2", steps=2, **SIZE)
    (sheet,) = bench.made("sheet")
    recipe = read_recipe(Path(sheet.path))
    bench.run(**recipe.values)
    again = Path(bench.made("sheet")[0].path)
    assert np.array_equal(np.asarray(Image.open(again)), np.asarray(Image.open(sheet.path)))


def test_after_stop_there_is_a_sheet_of_what_was_painted(bench: Bench) -> None:
    def stop_after_two(event: Event) -> None:
        if len(bench.made()) == 2:
            (next(bench.workspace.runs.iterdir()) / "stop").touch()

    with pytest.raises(Cancelled):
        bench.run(stop_after_two, prompt="a fox", sheet="seed=1-5", steps=2, **SIZE)
    assert len(bench.made()) == 2
    assert bench.made("sheet")[0].facts["cells"] == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [("steps 20", "steps 20"), ("ember fox step 120 0.75", "ember fox… 0.75"), ("x" * 20, "x" * 14 + "…")],
)
def test_a_long_label_is_cut_before_its_value(text: str, shown: str) -> None:
    assert fitting(text, lambda label: len(label) <= 15) == shown
