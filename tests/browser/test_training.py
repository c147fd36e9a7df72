"""The Train room: one short training from the form to its verdict, and what surrounds it.

The tests go in the order of the file and share a server and the training of the first.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from studio.data.hints import set_hints
from studio.data.imports import import_pictures
from studio.jobs.queue import Queue
from studio.train.settings import TrainSettings
from tests.browser.conftest import Server, Visit
from tests.browser.rooms import PATIENCE, choose, enter, fill, open_fold, train, until

pytestmark = pytest.mark.browser
STAGE = "#train-stage"
JOINING = re.compile("/queue/join")
STEPS = 120  # enough to be seen and paused on a quick machine
KOHYA = """
pretrained_model_name_or_path = "pocket"
network_dim = 12
learning_rate = 0.002
max_train_steps = 77
unet_magic = 3
"""


@pytest.fixture(scope="module")
def foxes(server: Server) -> str:
    """A dataset that says what is in it."""
    from tests.conftest import ROOT

    files = sorted((ROOT / "assets" / "demo" / "subject").glob("*.png"))[:4]
    folder = import_pictures(server.workspace, "Foxes", files).folder
    set_hints(folder, trigger="zwx", class_word="fox")
    return folder.name


def button(page: Page, name: str) -> Locator:
    return page.locator(STAGE).get_by_role("button", name=name, exact=True)


def test_a_training_is_watched_paused_reloaded_and_judged(server: Server, visit: Visit, foxes: str) -> None:
    page = visit(server)
    train(page, name="Watched", dataset=foxes, steps=STEPS, trigger="zwx")
    expect(page.locator(f"{STAGE} .plot")).to_be_visible(timeout=PATIENCE)
    button(page, "Sample now").click()
    button(page, "Pause").click()
    expect(button(page, "Resume")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(f"{STAGE} .state")).to_have_text("Paused")
    page.reload()
    enter(page, "Train")
    expect(page.locator(f"{STAGE} .state")).to_have_text("Paused")
    expect(page.locator(".samples article")).to_have_count(2)  # with the trigger word, and without it
    expect(page.locator("#train-trigger textarea")).to_have_value("zwx")  # the form is as it was left
    button(page, "Resume").click()
    expect(page.locator(".verdict-card .cell.best")).to_be_visible(timeout=2 * PATIENCE)
    expect(button(page, "Try it in Generate")).to_be_visible()
    assert (server.workspace.loras / "Watched.safetensors").exists()


def test_samples_are_scrubbed_through_the_steps(server: Server, visit: Visit) -> None:
    page = _at_the_training(server, visit)
    expect(page.locator(".samples output")).to_contain_text(f"step {STEPS} of {STEPS}")
    page.locator(f'.samples .film button:not([data-step="{STEPS}"])').first.click()
    expect(page.locator(".samples output")).not_to_contain_text(f"step {STEPS} of")
    page.locator(".samples input[type=range]").focus()
    page.keyboard.press("End")
    expect(page.locator(".samples output")).to_contain_text(f"step {STEPS} of {STEPS}")


def test_any_cell_of_the_verdict_can_be_used(server: Server, visit: Visit) -> None:
    page = _at_the_training(server, visit)
    before = set(server.workspace.loras.glob("*.safetensors"))
    page.locator(".verdict-grid .cell:not(.best)").get_by_role("button").first.click()
    expect(page.get_by_text("is among your LoRAs")).to_be_visible()
    (new,) = set(server.workspace.loras.glob("*.safetensors")) - before
    assert new.with_suffix(".json").exists()
    enter(page, "Generate")
    expect(page.locator(".mixer")).to_contain_text(new.stem)


def test_two_choices_made_at_once_are_both_followed(server: Server, visit: Visit) -> None:
    page = _at_the_training(server, visit)
    open_fold(page, "train-fold-how-long")
    held: list[Route] = []
    page.route(JOINING, lambda route: held.append(route))
    page.locator("#train-purpose").get_by_text("A style", exact=True).click()
    page.locator("#train-quality").get_by_text("Best", exact=True).click()
    page.wait_for_timeout(1000)
    for route in held:  # one is answered after the other, both too late, as on a busy machine
        route.continue_()
        page.wait_for_timeout(1500)
    page.unroute(JOINING)
    expect(page.locator("#train-steps input[type=number]")).to_have_value("450")
    expect(page.locator("#train-class_word")).to_be_hidden()
    expect(page.get_by_label("A style", exact=True)).to_be_checked()
    expect(page.locator("#train-quality").get_by_label("Best")).to_be_checked()
    until(page, lambda: json.loads((server.workspace.hidden / "train.json").read_text())["steps"] == 450)


def test_a_form_that_was_filled_is_as_it_was_again(server: Server, visit: Visit) -> None:
    page = _at_the_training(server, visit)
    steps, quality = page.locator("#train-steps input[type=number]"), page.locator("#train-quality")
    page.locator("#train-purpose").get_by_text("A style", exact=True).click()
    quality.get_by_text("Best", exact=True).click()
    open_fold(page, "train-fold-how-long")
    expect(steps).to_have_value("450")  # what the choices fill has come
    fill(page, "train-steps", "345")
    button(page, "Use these settings again").click()
    expect(steps).to_have_value(str(STEPS))
    expect(page.get_by_label("A subject", exact=True)).to_be_checked()
    page.locator("#train-brought").get_by_role("button", name="Undo").click()
    expect(steps).to_have_value("345")
    expect(page.get_by_label("A style", exact=True)).to_be_checked()
    expect(quality.get_by_label("Best")).to_be_checked()
    expect(page.locator("#train-class_word")).to_be_hidden()
    expect(page.locator("#train-brought .brought")).to_have_count(0)


def test_settings_are_used_again_and_two_trainings_compared(server: Server, visit: Visit) -> None:
    page = _at_the_training(server, visit)
    button(page, "Use these settings again").click()
    expect(page.locator("#train-brought")).to_contain_text("The settings of “Watched”")
    values = dict(Queue(server.workspace).read(_run(server)).settings)
    short = {"steps": 2, "sample_every": 2, "verdict": "none"}
    other = TrainSettings.parse({**values, **short, "name": "Other", "rank": 4})
    Queue(server.workspace).submit("train", other, title="Other")  # its curve is not waited for
    button(page, "All 2 trainings").click()
    page.get_by_label("Find a training").fill("watch")
    expect(page.locator(".run-list article:visible")).to_have_count(1)
    page.get_by_label("Find a training").fill("")
    for name in ("Watched", "Other"):
        card = page.locator(".run-list article", has_text=name)
        card.get_by_role("button", name="Compare").click()
    row = page.locator(".differences tr", has_text="Rank")
    expect(row.first).to_contain_text("4")
    expect(page.locator(".two img").first).to_be_visible()


def test_a_preset_of_ones_own_is_saved_and_used(server: Server, visit: Visit, foxes: str) -> None:
    page = visit(server)
    enter(page, "Train")
    choose(page, "train-dataset", foxes)
    page.locator("#train-purpose label", has_text="A subject").click()
    expect(page.locator("#train-class_word")).to_be_visible()
    open_fold(page, "train-fold-how-long")
    fill(page, "train-steps", "55")
    open_fold(page, "train-shelf")
    fill(page, "train-preset-name", "Short foxes")
    fill(page, "train-steps", "-5")
    page.click("#train-preset-save")
    expect(page.locator("#train-fault .fault")).to_contain_text("must be at least 1")
    fill(page, "train-steps", "55")
    page.click("#train-preset-save")
    expect(page.locator("#train-fault .fault")).to_have_count(0)
    expect(page.locator("#train-preset input")).to_have_value("Short foxes (yours)")
    assert (server.workspace.root / "presets" / "train" / "Short foxes.toml").exists()
    choose(page, "train-preset", "Miniature, a style")
    expect(page.locator("#train-steps input[type=number]")).to_have_value("300")
    expect(page.locator("#train-class_word")).to_be_hidden()
    page.locator("#train-preset input").fill("Short")  # the list is long: one types to find
    page.get_by_role("option", name="Short foxes (yours)", exact=True).click()
    expect(page.locator("#train-steps input[type=number]")).to_have_value("55")
    expect(page.locator("#train-class_word")).to_be_visible()  # it was saved to teach a subject


def test_what_was_chosen_last_holds_though_the_answer_to_the_one_before_comes_late(
    server: Server, visit: Visit
) -> None:
    page, held, released = visit(server), list[Route](), list[bool]()

    def hold(route: Route) -> None:
        if not released and "pocket-style" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    enter(page, "Train")
    open_fold(page, "train-shelf")
    page.route(re.compile("queue/join"), hold)
    choose(page, "train-preset", "Miniature, a style")
    until(page, lambda: bool(held))
    choose(page, "train-preset", "Miniature, a subject")
    released.append(True)
    for route in held:
        route.continue_()
    expect(page.locator("#train-preset input")).to_have_value("Miniature, a subject")
    expect(page.locator("#train-class_word")).to_be_visible()


def test_base_purpose_and_quality_fill_the_form(server: Server, visit: Visit, foxes: str) -> None:
    page = visit(server)
    enter(page, "Train")
    open_fold(page, "train-shelf")
    choose(page, "train-preset", "Miniature, a subject")
    open_fold(page, "train-fold-how-long")
    fill(page, "train-steps", "300")
    page.locator("#train-quality label", has_text="Best").click()
    expect(page.locator("#train-steps input[type=number]")).to_have_value("450")
    page.locator("#train-purpose label", has_text="A style").click()
    expect(page.locator("#train-preset input")).to_have_value("Miniature, a style")
    expect(page.locator("#train-class_word")).to_be_hidden()
    expect(page.locator("#train-fit .fit")).to_be_visible()
    open_fold(page, "train-fold-network")
    expect(page.locator("#train-network-line")).to_contain_text("numbers are trained")


def test_a_kohya_file_fills_the_form_and_says_what_did_not_fit(
    server: Server, visit: Visit, tmp_path: Path
) -> None:
    page = visit(server)
    enter(page, "Train")
    (tmp_path / "old.toml").write_text(KOHYA)
    page.set_input_files("input.settings", tmp_path / "old.toml")
    expect(page.locator("#train-brought")).to_contain_text("unet_magic = 3 has no counterpart")
    open_fold(page, "train-fold-how-long")
    expect(page.locator("#train-steps input[type=number]")).to_have_value("77")
    page.locator("#train-brought").get_by_role("button", name="Dismiss").click()
    expect(page.locator("#train-brought .brought")).to_have_count(0)


def test_a_picture_that_is_dropped_in_train_becomes_a_dataset(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server)
    enter(page, "Train")
    page.set_input_files("input.settings", samples[0])
    page.get_by_label("Name of the dataset").fill("Dropped")
    page.keyboard.press("Enter")
    expect(page.locator(".bench-head h2")).to_have_text("Dropped")


def test_a_fault_is_told_at_its_field_even_inside_a_fold(server: Server, visit: Visit, foxes: str) -> None:
    page = visit(server)
    enter(page, "Train")
    choose(page, "train-dataset", foxes)
    page.locator("#train-purpose label", has_text="A subject").click()
    fill(page, "train-class_word", "")
    page.click("#train-go")
    expect(page.locator("#train-fault .fault")).to_contain_text("Write the plain word for it")
    expect(page.locator("#train-class_word.wrong")).to_be_visible()


def _at_the_training(server: Server, visit: Visit) -> Page:
    page = visit(server)
    enter(page, "Train")
    expect(page.locator(".verdict-card")).to_be_visible()
    return page


def _run(server: Server) -> str:
    return next(server.workspace.runs.glob("*-train-*")).name
