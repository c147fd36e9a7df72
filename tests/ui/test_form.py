"""The form: made from the settings, filled by presets, honest about what cannot work."""

from __future__ import annotations

from typing import Any

import gradio as gr
import pytest

from studio.caption.settings import CaptionSettings
from studio.errors import SettingsError
from studio.generate.settings import GenerateSettings
from studio.settings import Knob, Settings, knobs
from studio.train.settings import TrainSettings
from studio.ui.form import Form, changed_by_preset


class Sample(Settings):
    name: str = Knob("", label="Name", help="What it is called.")
    steps: int = Knob(1000, ge=1, le=100_000, label="Steps", help="How many.")
    rank: int = Knob(16, ge=1, le=256, label="Rank", help="How much.")
    rate: float = Knob(1e-4, gt=0, le=1, label="Rate", help="How far.")
    dropout: float = Knob(0.0, ge=0, le=1, step=0.01, advanced=True, label="Dropout", help="How often.")
    flip: bool = Knob(True, label="Flip", help="Or not.")
    words: str = Knob("few", choices=("few", "many"), label="Words", help="How many.")
    prompts: str = Knob("", widget="lines", label="Prompts", help="One a line.")


def make(settings: type[Settings] = Sample, **more: Any) -> Form:
    with gr.Blocks(analytics_enabled=False):
        form = Form(settings, "x", **more)
        form.rest()
        form.note()
    return form


def given(form: Form, **values: Any) -> dict[Any, Any]:
    """What a handler is given: the value of each field."""
    start = {name: getattr(field, "value", None) for name, field in form.fields.items()}
    return {form.fields[name]: value for name, value in {**start, **values}.items()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("name", gr.Textbox),
        ("steps", gr.Number),  # too many stops for a slider
        ("rank", gr.Slider),
        ("rate", gr.Number),
        ("dropout", gr.Slider),
        ("flip", gr.Checkbox),
        ("words", gr.Radio),
        ("prompts", gr.Textbox),
    ],
)
def test_a_setting_gets_the_field_that_suits_it(name: str, kind: type) -> None:
    assert type(make().fields[name]) is kind


@pytest.mark.parametrize("settings", [CaptionSettings, TrainSettings, GenerateSettings])
def test_every_setting_has_a_field_with_its_label_and_help(settings: type[Settings]) -> None:
    form = make(settings)
    for knob in knobs(settings):
        if knob.widget == "hidden":
            continue
        field = form.fields[knob.name]
        assert (field.label, field.info) == (knob.label, knob.help)


def test_values_come_back_by_name_and_make_the_settings() -> None:
    form = make()
    settings = Sample.parse(form.values(given(form, steps=20, rank=8, flip=False)))
    assert (settings.steps, settings.rank, settings.flip) == (20, 8, False)


def test_an_emptied_number_is_told_at_its_field() -> None:
    form = make()
    with pytest.raises(SettingsError, match="Steps is empty") as caught:
        form.values(given(form, steps=None))
    updates = form.faulty(caught.value)
    assert "Steps is empty" in updates[form.fault_line]
    assert 'data-focus="x-steps"' in updates[form.fault_line]
    assert form.fold not in updates


def test_a_fault_in_the_fold_opens_it_and_the_next_try_clears_it() -> None:
    form = make()
    updates = form.faulty(SettingsError("Dropout: too much", field="dropout"))
    assert updates[form.fold]["open"] is True
    assert form.faultless()[form.fault_line] == ""


def test_a_number_that_the_studio_chooses_shows_no_zero() -> None:
    form = make(GenerateSettings)
    steps = form.fields["steps"]
    assert (steps.value, steps.placeholder) == (None, "auto")
    assert form.values(given(form))["steps"] == 0
    assert form.filled({"steps": 0})[steps]["value"] is None
    assert form.filled({"steps": 12})[steps]["value"] == 12


def test_a_preset_fills_the_form_and_what_was_changed_by_hand_stays() -> None:
    form = make(start={"steps": 300, "rank": 4})
    before, after = {"steps": 300, "rank": 4}, {"steps": 2000, "rate": 1e-3}
    updates = form.preset(given(form, steps=300, rank=32, rate=1e-4), before, after)
    changed = {
        name: updates[form.fields[name]]["value"] for name in form.fields if form.fields[name] in updates
    }
    assert changed == {"steps": 2000, "rate": 1e-3}  # rank 32 was the person's own


def test_leaving_a_preset_takes_back_what_it_set() -> None:
    assert changed_by_preset({"rank": 4}, {"rank": 4}, {"rank": 16}) == {"rank": 16}
    assert changed_by_preset({"rank": 5}, {"rank": 4}, {"rank": 16}) == {}


def test_plug_ins_are_offered_by_their_title() -> None:
    field = make(GenerateSettings).fields["sampler"]
    assert isinstance(field, gr.Dropdown)
    assert all(title for title, _ in field.choices)
    assert "auto" in [name for _, name in field.choices]
