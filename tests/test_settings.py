"""What a person notices of the settings: a wrong value is told by the name of its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio.errors import SettingsError
from studio.registry import Registry
from studio.settings import Knob, Settings, knobs, presets, read_preset, unread


class Tea(Settings):
    """A small settings class."""

    kind: str = Knob("green", label="Kind", help="Which tea.", choices=("green", "black"))
    minutes: int = Knob(3, ge=1, le=10, label="Minutes", help="How long it draws.", group="Time")
    sugar: float | None = Knob(None, ge=0, label="Sugar", help="In spoons.", advanced=True)
    guest: str = Knob(label="Guest", help="Who drinks it.", max_length=8)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"minutes": 0}, "Minutes: must be at least 1."),
        ({"minutes": 11}, "Minutes: must be at most 10."),
        ({"minutes": "long"}, "Minutes: must be a whole number."),
        ({"minutes": 2.5}, "Minutes: must be a whole number."),
        ({"sugar": float("nan")}, "Sugar: must be a number."),
        ({"guest": "Bartholomew"}, "Guest: can have at most 8 characters."),
        ({"kind": "mint"}, "Kind: “mint” is not one of the choices. Choose one of: green, black."),
        ({"milk": 1}, "There is no setting called “milk”."),
    ],
)
def test_a_wrong_value_is_told_by_the_label_of_its_field(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingsError) as told:
        Tea.parse({"guest": "Ada", **values})
    assert str(told.value) == sentence
    assert told.value.field == next(iter(values))


def test_what_must_be_filled_in_is_asked_for() -> None:
    with pytest.raises(SettingsError, match="Guest is missing. Please fill it in."):
        Tea.parse({})


def test_what_the_person_changed_wins_over_the_preset_and_the_preset_over_the_defaults() -> None:
    tea = Tea.layered({"minutes": 5, "kind": "black"}, {"guest": "Ada", "minutes": 4})
    assert (tea.kind, tea.minutes, tea.sugar) == ("black", 4, None)


def test_a_zero_is_a_value_and_not_an_empty_field() -> None:
    assert Tea.parse({"guest": "Ada", "sugar": 0}).sugar == 0.0


def test_forms_and_flags_learn_all_they_need_from_the_declaration() -> None:
    minutes = {knob.name: knob for knob in knobs(Tea)}["minutes"]
    assert (minutes.type, minutes.default, minutes.minimum, minutes.maximum) == (int, 3, 1, 10)
    assert (minutes.label, minutes.help, minutes.group) == ("Minutes", "How long it draws.", "Time")
    assert {knob.name for knob in knobs(Tea) if knob.required} == {"guest"}
    assert {knob.name: knob.type for knob in knobs(Tea)}["sugar"] is float


def test_settings_survive_being_written_down() -> None:
    tea = Tea.parse({"guest": "Ada", "sugar": 0.5})
    assert Tea.parse(tea.model_dump(mode="json")) == tea


def test_a_preset_of_ones_own_is_found_and_a_broken_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "strong.toml").write_text('title = "Strong"\nabout = "For mornings."\nminutes = 8\n')
    found = presets("tea", (tmp_path,))["strong"]
    assert (found.title, found.about, dict(found.values)) == ("Strong", "For mornings.", {"minutes": 8})
    (tmp_path / "broken.toml").write_text("minutes = ")
    with pytest.raises(SettingsError, match=r"broken\.toml"):
        read_preset(tmp_path / "broken.toml")


class Honey:
    name, reads = "honey", frozenset({"spoons"})


class Lemon:
    name, reads = "lemon", frozenset({"slices"})


class Shelf(Registry[Any]):
    """Plug-ins without a folder."""

    def _entries(self) -> dict[str, Any]:
        return {one.name: one for one in (Honey(), Lemon())}


class Cup(Settings):
    """Settings of which some matter only to the plug-in that reads them."""

    first: str = Knob("honey", label="First", help="Into it.", choices=Shelf("", "thing"))
    then: str = Knob("", label="Then", help="And this.", choices=Shelf("", "thing"), nobody="Nothing")
    spoons: int = Knob(1, label="Spoons", help="How many.", read_by=("first", "then"))
    slices: int = Knob(1, label="Slices", help="How many.", read_by=("first", "then"))


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ({}, {"slices"}),
        ({"first": "lemon"}, {"spoons"}),
        ({"then": "lemon"}, set()),
        ({"first": "unknown"}, {"spoons", "slices"}),
    ],
)
def test_settings_that_no_chosen_plug_in_reads_can_be_hidden(
    values: dict[str, str], hidden: set[str]
) -> None:
    assert unread(Cup, values) == hidden


def test_none_of_the_plug_ins_can_be_a_choice() -> None:
    assert Cup.parse({"then": ""}).then == ""
    with pytest.raises(SettingsError, match="not one of the choices. Choose one of: honey, lemon"):
        Cup.parse({"then": "milk"})
    with pytest.raises(SettingsError, match="First"):
        Cup.parse({"first": ""})
