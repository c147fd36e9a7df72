"""The form of a training: what is chosen fills it, and the words of a dataset stay its own."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest
from gradio.components import Component
from PIL import Image

from studio.data.hints import hints, set_hints
from studio.ui.desk import Desk
from studio.ui.form import Updates
from studio.ui.pulse import Pulse
from studio.ui.tabs.train import TrainRoom
from studio.ui.training.choice import Followed
from studio.workspace import Workspace


class Window:
    """What a window holds of the room, moved on by the updates that it is given."""

    def __init__(self, workspace: Workspace) -> None:
        for name in ("Foxes", "Ink"):
            folder = workspace.datasets / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 64), "teal").save(folder / "one.png")
        with gr.Blocks():
            desk = Desk(workspace)
            self.room = TrainRoom(desk, Pulse(desk))
        self.form = self.room.form
        self.given: dict[Component, Any] = {each: each.value for each in self.form.inputs(self.form.before)}
        self.take(self.room.opened())

    def take(self, updates: Updates) -> Window:
        for component, update in updates.items():
            if component in self.given:
                told = update if isinstance(update, dict) and "__type__" in update else {"value": update}
                self.given[component] = told.get("value", self.given[component])
        return self

    def choose(self, **values: Any) -> Window:
        for name, value in values.items():
            self.given[self.field(name)] = value
        return self.take(self.form.follow(self.given))

    def write(self, **values: Any) -> Window:
        self.given |= {self.field(name): value for name, value in values.items()}
        return self

    def field(self, name: str) -> Component:
        found: Component = self.form.fields[name] if name in self.form.fields else getattr(self.form, name)
        return found

    def __getitem__(self, name: str) -> Any:
        return self.given[self.field(name)]


@pytest.fixture
def window(workspace: Workspace) -> Window:
    return Window(workspace)


def test_two_choices_that_are_told_together_are_both_followed(window: Window) -> None:
    window.choose(purpose="style", quality="best")
    assert (window["purpose"], window["preset_box"], window["steps"]) == ("style", "pocket-style", 450)
    assert Followed.of(window["before"]).choices["quality"] == "best"


def test_what_was_written_stays_when_the_purpose_is_changed(window: Window) -> None:
    window.write(steps=77, trigger="zork").choose(purpose="style")
    assert (window["steps"], window["trigger"], window["network"]) == (77, "zork", "locon")


def test_the_words_of_a_dataset_come_back_with_it_and_do_not_stay_for_another(
    window: Window, workspace: Workspace
) -> None:
    window.choose(dataset="Foxes").write(trigger="zork", class_word="fox")
    window.room._train(window.given)
    assert hints(workspace.datasets / "Foxes").trigger == "zork"
    window.choose(dataset="Ink")
    assert (window["trigger"], window["class_word"]) == ("sks", "")
    set_hints(workspace.datasets / "Ink", trigger="hatch")
    window.choose(dataset="Foxes")
    assert (window["trigger"], window["class_word"]) == ("zork", "fox")
    window.choose(dataset="Ink")
    assert (window["trigger"], window["class_word"]) == ("hatch", "")


def test_a_style_asks_for_no_class_though_its_dataset_was_chosen_with_it(
    window: Window, workspace: Workspace
) -> None:
    set_hints(workspace.datasets / "Ink", class_word="fox")
    asked = dict(window.given) | {window.field("dataset"): "Ink", window.field("purpose"): "style"}
    told = window.form.follow(asked)[window.field("class_word")]
    assert (told["value"], told["visible"]) == ("fox", False)


def test_a_folder_that_may_only_be_read_is_learned_from_as_well(
    window: Window, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr("studio.ui.tabs.train.set_hints", refused)
    window.choose(dataset="Foxes").write(trigger="zork", class_word="fox")
    window.room._train(window.given)
    assert len(list(workspace.runs.iterdir())) == 1


def test_a_word_of_ones_own_goes_along_to_another_dataset(window: Window) -> None:
    window.choose(dataset="Foxes").write(trigger="mine").choose(dataset="Ink")
    assert window["trigger"] == "mine"


def test_a_window_that_comes_back_waits_for_the_dataset_it_was_left_with(
    window: Window, workspace: Workspace
) -> None:
    window.choose(dataset="Foxes")
    window.room._keep(window.given)
    again = Window(workspace)
    empty = {**again.given, again.field("dataset"): None}
    assert "value" not in again.room.entered(empty)[again.field("dataset")]
    assert again["dataset"] == "Foxes"


def test_a_dataset_that_names_no_base_leaves_the_one_that_was_chosen(window: Window) -> None:
    window.choose(base="pocket-sd3")
    window.take(window.room.carried(window.given, {"dataset": "Ink", "class_word": ""}))
    assert (window["base"], window["dataset"]) == ("pocket-sd3", "Ink")
