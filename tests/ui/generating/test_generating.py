"""The Generate room behind its widgets: drafts, sets, sizes, what is in force, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from studio.errors import SettingsError
from studio.generate.pictures import save_picture
from studio.generate.recipe import Recipe, UsedAdapter
from studio.generate.settings import GenerateSettings
from studio.ui.desk import Desk
from studio.ui.generating.carrying import Carrying
from studio.ui.generating.comparing import compared
from studio.ui.generating.draft import Draft
from studio.ui.generating.mixes import Mixes, of_picture, plain
from studio.ui.generating.servant import servant
from studio.ui.generating.sheets import alone, check_sheet, several
from studio.ui.generating.standing import standing, untouched
from studio.ui.generating.starting import PNG, Starting, sizes, whole_side
from studio.ui.library import Library
from studio.workspace import Workspace
from tests.ui.test_library import write_lora


def test_a_draft_outlives_the_server_and_a_damaged_one_is_as_if_there_were_none(workspace: Workspace) -> None:
    Draft(workspace).keep({"prompt": "a fox"}, "window")
    again = Draft(workspace)
    assert again.last() == {"prompt": "a fox"} == again.of("another window")
    (workspace.hidden / "generate.json").write_text("{")
    assert again.last() == {}


def test_a_draft_tells_whether_something_was_changed(workspace: Workspace) -> None:
    draft = Draft(workspace)
    assert [draft.keep({"prompt": prompt}) for prompt in ("a fox", "a fox", "a hen")] == [True, False, True]


def test_two_pictures_are_told_apart_by_what_differs(workspace: Workspace) -> None:
    values = {"prompt": "a fox", "seed": 7, "steps": 8, "sampler": "euler"}
    left = Recipe(values, adapters=(UsedAdapter("fox", 0.8),))
    right = Recipe({**values, "seed": 9, "steps": 20}, adapters=(UsedAdapter("fox", 0.6),))
    assert compared(left, right) == (
        "fox 0.8 · seed 7",
        "fox 0.6 · seed 9",
        "Left: fox 0.8, seed 7, 8 steps. Right: fox 0.6, seed 9, 20 steps. Both show “a fox”.",
    )
    assert compared(left, left)[2] == "Both were painted with the same settings."


def test_a_side_becomes_what_the_base_can_paint(workspace: Workspace) -> None:
    desk = Desk(workspace)
    assert whole_side(desk, "pocket", 130) == 128
    assert whole_side(desk, "pocket", 1) == whole_side(desk, "pocket", 12) > 1
    assert whole_side(desk, "pocket", None) is None
    assert whole_side(desk, "nobody/knows", 130) == 130


def test_each_window_has_its_own_form_for_live_previews(workspace: Workspace) -> None:
    draft = Draft(workspace)
    draft.keep({"prompt": "a fox"}, "one")
    draft.keep({"prompt": "a hen"}, "two")
    assert draft.of("one") == {"prompt": "a fox"}


def test_a_set_is_kept_recalled_replaced_and_goes_to_the_bin(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    binned: list[Path] = []
    monkeypatch.setattr(
        "studio.ui.generating.mixes.send2trash", lambda file: (binned.append(file), file.unlink())
    )
    mixes = Mixes(Desk(workspace), Library(Desk(workspace)))
    rows = [{"name": "ink", "weight": 0.30000001, "on": True}, {"name": "fox", "weight": 1, "on": False}]
    assert "name" in mixes.answer_keep_set({"name": " ", "rows": rows})["fault"]
    (kept,) = mixes.answer_keep_set({"name": "my/watercolours", "rows": rows})["sets"]
    assert (kept["name"], kept["told"]) == ("my watercolours", "ink 0.3")
    assert not binned
    mixes.answer_keep_set({"name": "my/watercolours", "rows": rows})
    assert mixes.answer_drop_set({"name": "my watercolours"})["sets"] == []
    assert len(binned) == 2


def test_the_shelf_says_what_the_picker_looks_for_and_what_a_card_can_set(workspace: Workspace) -> None:
    write_lora(workspace.loras / "Fox.safetensors")
    shelf = json.loads(Mixes(Desk(workspace), Library(Desk(workspace))).shelf("pocket"))
    (card,) = shelf["cards"]
    assert "fox" in card["words"]
    named = {knob["name"] for knob in shelf["knobs"]}
    assert {"text", "blocks", "start", "end", "soft", "role"} <= named
    assert not named & {"name", "weight", "on", "solo", "mute"}


def test_a_row_keeps_what_the_mix_knows_and_nothing_else() -> None:
    row = plain({"name": "fox", "weight": 0.1 + 0.2, "on": True, "role": "style", "colour": "red"})
    assert (row["weight"], row["role"]) == (0.3, "style")
    assert "colour" not in row
    with pytest.raises(SettingsError):
        plain({"name": "fox", "weight": 9})


def test_a_picture_s_mix_is_on_and_the_other_rows_stay_switched_off() -> None:
    rows = of_picture(
        [{"name": "a", "weight": "0.5"}], [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}]
    )
    assert rows == [{"name": "a", "weight": 0.5, "on": True}, {"name": "b", "weight": 1, "on": False}]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, []),
        ({"sheet": "steps=10,20\nseed=1-3"}, ["Sheet of steps and seed"]),
        (
            {"sheet": "lora ink style=0,1\nlora art/fox=0,1\nonly=all"},
            ["Sheet of the weight of ink style, the weight of fox and each LoRA alone"],
        ),
        ({"image": "x.png"}, ["Starts from a picture"]),
        ({"image": "x.png", "mask": "y.png"}, ["Inpaints a picture"]),
        ({"image": "x.png", "outpaint": "0,0,64,0"}, ["Outpaints a picture"]),
        ({"upscale": 2, "variation": 0.3, "count": 4}, ["Upscaled 2 times", "Variation 0.3", "4 pictures"]),
        ({"width": 256, "height": 128}, ["256 × 128"]),
        ({"height": 96}, ["auto × 96"]),
        ({"sheet": "half-typed", "count": None}, []),
    ],
)
def test_what_changes_the_picture_is_told_though_its_fold_is_closed(
    values: dict[str, Any], told: list[str]
) -> None:
    assert [one["text"] for one in standing(values)] == told


@pytest.mark.parametrize(
    ("sheet", "told"),
    [
        ("lora fox=0,banana", "cannot be “banana”"),
        ("steps=4,8\nseed=1-2\nsteps=9", "steps is there twice"),
        ("guidance=-3", "cannot be “-3”"),
    ],
)
def test_a_sheet_that_cannot_be_is_told_at_its_field(sheet: str, told: str) -> None:
    mix = [{"name": "fox", "weight": 1}]
    with pytest.raises(SettingsError, match=told) as found:
        check_sheet(GenerateSettings.parse({"prompt": "a fox", "adapters": mix, "sheet": sheet}))
    assert found.value.field == "sheet"


def test_a_slider_that_was_let_go_paints_one_picture_of_many() -> None:
    settings = GenerateSettings.parse({"prompt": "a fox", "sheet": "steps=4,8", "count": 3, "batch_size": 2})
    assert several(settings.model_dump(mode="json"))
    one = alone(settings)
    assert not several(one.model_dump(mode="json"))
    assert (one.prompt, one.sheet, one.count) == ("a fox", (), 1)


@pytest.mark.parametrize(("prompt", "words"), [("a hen", {}), ("  ", {"prompt": "a fox"})])
def test_a_picture_that_is_sent_to_be_started_from_leaves_the_form_as_it_is(
    workspace: Workspace, tmp_path: Path, prompt: str, words: dict[str, Any]
) -> None:
    picture = _painted(tmp_path / "fox.png")
    found = Carrying(workspace).sent(picture, "inpaint", prompt)
    values = dict(found.values)
    assert Path(values.pop("image")).parent == workspace.hidden / "inputs"
    assert (values, found.whole) == ({**words, "mask": "", "outpaint": "0,0,0,0"}, False)


def test_what_is_enlarged_is_painted_again_and_needs_all_its_settings(
    workspace: Workspace, tmp_path: Path
) -> None:
    found = Carrying(workspace).sent(_painted(tmp_path / "fox.png"), "upscale", "a hen")
    assert {"prompt": "a fox", "seed": 7, "steps": 8, "upscale": 2.0}.items() <= dict(found.values).items()
    assert "Press Generate to have it twice as large" in found.title


def test_taking_back_a_start_takes_back_all_of_it() -> None:
    assert set(untouched("image")) == {"image", "mask", "outpaint"}
    assert untouched("anything else") == {}


def test_shapes_have_the_base_s_number_of_pixels(workspace: Workspace) -> None:
    found = sizes(Desk(workspace), "pocket")
    square = found[0]
    assert square["width"] == square["height"]
    for each in found:
        assert each["width"] * each["height"] == pytest.approx(square["width"] ** 2, rel=0.2)
    assert sizes(Desk(workspace), "nobody/knows") == []


def test_a_mask_that_did_not_arrive_whole_is_told_and_an_empty_one_is_none(workspace: Workspace) -> None:
    ask = servant(Starting(Desk(workspace)))
    assert "Paint once more" in ask({"what": "put_mask", "drawn": PNG + "AAAA"})["fault"]
    assert "not there" in ask({"what": "source", "place": "/etc/passwd"})["fault"]
    assert "Load it again" in ask({"what": "anything"})["fault"]


def test_a_silent_picture_can_still_be_started_from(workspace: Workspace, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "silent.png")
    found = Carrying(workspace).restored(tmp_path / "silent.png")
    assert (dict(found.values), found.whole) == ({}, False)
    assert Path(found.start).parent == workspace.hidden / "inputs"
    assert found.title.startswith("silent.png does not say")


def _painted(path: Path) -> Path:
    settings = GenerateSettings(prompt="a fox", seed=7, steps=8)
    recipe = Recipe(settings.model_dump(mode="json"))
    save_picture(Image.new("RGB", (8, 8)), path, recipe.texts())
    return path
