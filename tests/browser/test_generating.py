"""The Generate room: sliders, live previews, what a reload keeps, settings from a picture, stopping."""

from __future__ import annotations

import re
from base64 import b64encode
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, TimeoutError, expect

from studio.workspace import Workspace
from tests.browser.conftest import Serve, Server, Visit
from tests.browser.loras import make_lora
from tests.browser.rooms import PATIENCE, arrival, enter, fill, paint, reveal, row, weigh
from tests.browser.test_walk import same

pytestmark = pytest.mark.browser
ODD = "<img src=x onerror=alert(1)>"
DROP = """([name, type, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], name, { type }));
  const place = document.querySelector("#generate-easel");
  for (const kind of ["dragenter", "dragover", "drop"])
    place.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: files }));
}"""


@pytest.fixture(scope="module")
def server(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The studio with three LoRAs, of which one has an odd name."""
    workspace = Workspace.open(tmp_path_factory.mktemp("studio") / "workspace")
    make_lora(workspace.loras / "fox.safetensors", title="Fox", trigger="sks fox", seed=1)
    make_lora(workspace.loras / "ink.safetensors", title="Ink", trigger="inky", seed=2)
    make_lora(workspace.loras / "odd.safetensors", title=ODD, trigger="<b>word</b>", seed=3)
    return serve(workspace)


def _enter(visit: Visit, server: Server, **options: int) -> Page:
    """The room as a first visit finds it; what the test before left in the form is forgotten."""
    _forget(server)
    page = visit(server, **options)
    enter(page, "Generate")
    try:
        row(page, "fox").wait_for(timeout=5_000)
    except TimeoutError:  # the window that was closed before kept its last change after all
        _forget(server)
        page.reload()
        expect(row(page, "fox")).to_be_visible()
    return page


def _forget(server: Server) -> None:
    (server.workspace.hidden / "generate.json").unlink(missing_ok=True)


def _short(page: Page, prompt: str, *, steps: int = 4, seed: int = 7) -> None:
    fill(page, "generate-prompt", prompt)
    fill(page, "generate-count", "1")
    fill(page, "generate-steps", str(steps))
    fill(page, "generate-seed", str(seed))
    expect(page.locator("#generate-seed-keep input")).to_be_checked()  # a seed that is typed is kept


def test_numbers_that_nobody_set_are_the_studio_s_to_choose(server: Server, visit: Visit) -> None:
    page = _enter(visit, server)
    for name in ("width", "height", "guidance"):
        reveal(page, f"generate-{name}")
        number = page.locator(f"#generate-{name} input[type=number]")
        expect(number).to_have_value("")
        expect(number).to_have_attribute("placeholder", "auto")


def test_sliders_change_the_picture_and_zero_restores_it_exactly(server: Server, visit: Visit) -> None:
    page, outputs = _enter(visit, server), server.workspace.outputs
    _short(page, "a red fox")
    bare = paint(page, outputs)
    weigh(page, "fox", 0.8)
    one = paint(page, outputs)
    weigh(page, "ink", 0.5)
    both = paint(page, outputs)
    assert not same(bare, one)
    assert not same(one, both)
    for chip in ("fox 0.8", "ink 0.5"):
        expect(page.locator("#generate-recipe .chip", has_text=chip)).to_have_count(1)
    weigh(page, "fox", 0)
    weigh(page, "ink", 0)
    keep = page.locator("#generate-seed-keep input")
    keep.uncheck()
    fill(page, "generate-seed", "7")
    expect(keep).to_be_checked()
    keep.uncheck()  # what was just typed counts all the same
    assert same(bare, paint(page, outputs))
    page.locator("#generate-live input").check()
    before = set(outputs.glob("*/*.png"))
    slider = row(page, "fox").locator("input[type=range]")
    slider.scroll_into_view_if_needed()
    area = slider.bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] / 3, middle)
    page.mouse.down()
    for part in (0.45, 0.6, 0.75, 0.9):
        page.mouse.move(area["x"] + area["width"] * part, middle)
    last = slider.input_value()
    expect(page.locator(".canvas")).to_have_attribute(
        "data-mix", re.compile(f"fox {last}(,|$)"), timeout=PATIENCE
    )
    expect(page.locator(".glimpse")).to_be_visible()
    assert set(outputs.glob("*/*.png")) == before  # nothing of a preview is kept
    page.mouse.up()
    assert not same(bare, arrival(page, outputs, before))
    _compare_and_delete(page)


def _compare_and_delete(page: Page) -> None:
    """The two newest side by side, their line drawn across; then the newest into the bin."""
    for number in (0, 1):
        page.locator(".shot").nth(number).hover()
        page.locator(".shot .tick").nth(number).click()
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator(".split .tag.right")).to_contain_text("fox")
    area = page.locator(".split").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] / 2, area["y"] + area["height"] * 0.8)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] / 4, area["y"] + area["height"] * 0.6)
    page.mouse.up()
    expect(page.locator(".split input")).to_have_value("25")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".split input")).to_have_value("24.5")
    page.keyboard.press("Escape")
    expect(page.locator(".split")).to_have_count(0)
    page.get_by_role("button", name="None", exact=True).click()
    newest = page.locator(".shot").first
    place = newest.get_attribute("data-place")
    newest.locator(".thumb").press("Delete")
    expect(page.locator(f'.shot[data-place="{place}"]')).to_have_count(0)
    expect(page.locator(".gallery .told")).to_contain_text("in the system's bin")


def test_a_reload_keeps_what_stands_in_the_form(server: Server, visit: Visit) -> None:
    page = _enter(visit, server)
    fill(page, "generate-prompt", "an owl, <lora:Ink:0.35>")
    expect(page.locator("#generate-prompt textarea")).to_have_value(re.compile(r"^an owl,\s*$"))
    expect(row(page, "ink").locator("input[type=number]")).to_have_value("0.35")
    row(page, "ink").get_by_role("button", name="Solo Ink").click()
    row(page, "fox").get_by_role("button", name="Take Fox out").click()
    row(page, "odd").get_by_role("button", name=f"Move {ODD}").press("ArrowUp")
    fill(page, "generate-count", "3")
    expect(page.locator(".in-force")).to_contain_text("3 pictures")
    order = [str(one.get_attribute("data-key")) for one in page.locator(".mixer .row").all()]
    expect(page.locator('.desk[data-kept="yes"]')).to_have_count(1)
    page.reload()
    expect(page.get_by_role("tab", name="Generate")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".mixer .row")).to_have_count(2)
    assert [one.get_attribute("data-key") for one in page.locator(".mixer .row").all()] == order
    expect(page.locator("#generate-prompt textarea")).to_have_value(re.compile("^an owl"))
    expect(row(page, "ink").locator("input[type=number]")).to_have_value("0.35")
    expect(row(page, "ink").locator(".solo")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Take back: 3 pictures").click()
    expect(page.locator(".in-force")).to_have_count(0)
    reveal(page, "generate-count")
    expect(page.locator("#generate-count input[type=number]")).to_have_value("1")


def test_a_dropped_picture_brings_its_settings_back_and_names_what_is_missing(
    server: Server, visit: Visit, tmp_path: Path
) -> None:
    page = _enter(visit, server)
    fill(page, "generate-prompt", "words of my own")
    fill(page, "generate-steps", "13")
    told = (
        "a hen <lora:fox:0.6> <lora:nowhere:1>\nNegative prompt: <i>rain</i>\n"
        "Steps: 9, Sampler: Euler a, CFG scale: 4.5, Seed: 11, Size: 64x96"
    )
    hen = _picture(tmp_path / f"{'x' * 8}.png", told)
    _drop(page, hen)
    note = page.locator("#generate-restored .restored")
    expect(note).to_contain_text("made with A1111")
    expect(note).to_contain_text("nowhere")
    expect(page.locator("#generate-prompt textarea")).to_have_value(re.compile("^a hen"))
    expect(row(page, "fox").locator("input[type=number]")).to_have_value("0.6")
    expect(row(page, "fox").locator(".switch input")).to_be_checked()
    for name, value in (("seed", "11"), ("width", "64"), ("height", "96"), ("steps", "9")):
        reveal(page, f"generate-{name}")
        expect(page.locator(f"#generate-{name} input[type=number]")).to_have_value(value)
    note.get_by_role("button", name="Undo").click()
    expect(note).to_have_count(0)
    expect(page.locator("#generate-prompt textarea")).to_have_value("words of my own")
    expect(page.locator("#generate-steps input[type=number]")).to_have_value("13")
    _drop(page, hen)
    note.get_by_role("button", name="Dismiss").click()
    expect(note).to_have_count(0)
    _drop(page, _picture(tmp_path / "silent.png", ""))
    expect(note).to_contain_text("does not say how it was made")
    note.get_by_role("button", name="Start from this picture").click()
    expect(page.locator(".source .loaded img")).to_be_visible()
    expect(page.locator(".in-force", has_text="64 × 96")).to_be_visible()
    start = page.locator('.in-force[data-key="image"]')
    expect(start).to_contain_text("Starts from a picture")
    page.locator(".source").get_by_role("button", name="Inpaint").click()
    page.locator(".source canvas").click(position={"x": 60, "y": 60})
    expect(start).to_contain_text("Inpaints a picture")
    assert len(list((server.workspace.hidden / "inputs").glob("*.png"))) == 2
    page.get_by_role("button", name="Take back: Inpaints a picture").click()
    expect(page.locator(".source .zone")).to_be_visible()


def test_stopping_keeps_what_is_finished_and_the_queue_can_be_reordered(server: Server, visit: Visit) -> None:
    page, outputs = _enter(visit, server), server.workspace.outputs
    before = set(outputs.glob("*/*.png"))
    _short(page, "first", steps=60)
    fill(page, "generate-count", "9")
    page.click("#generate-go")
    expect(page.locator("#generate-stage .job-panel")).to_contain_text("Picture 2 of 9", timeout=PATIENCE)
    for prompt in ("second", "third"):
        fill(page, "generate-prompt", prompt)
        page.keyboard.press("Control+Enter")
        expect(page.locator("#generate-stage .behind")).to_contain_text(prompt, timeout=PATIENCE)
    page.get_by_role("button", name="“third” earlier").click()
    expect(page.locator("#generate-stage .behind li").first).to_contain_text("third", timeout=PATIENCE)
    for prompt in ("second", "third"):
        page.get_by_role("button", name=f"Take “{prompt}” out of the queue").click()
    expect(page.locator("#generate-stage .behind li")).to_have_count(0, timeout=PATIENCE)
    page.locator("#generate-prompt textarea").press("Escape")  # leaves the field, and stops nothing
    expect(page.locator("#generate-stage .state")).to_have_text("Running")
    page.keyboard.press("Escape")
    expect(page.locator("#generate-stage .state")).to_have_text("Stopped", timeout=PATIENCE)
    assert 1 <= len(set(outputs.glob("*/*.png")) - before) < 9
    expect(page.locator("#generate-recipe")).to_contain_text("first")


def test_a_seed_that_was_typed_paints_once_unless_it_is_kept(server: Server, visit: Visit) -> None:
    page, outputs = _enter(visit, server, height=1800), server.workspace.outputs
    _short(page, "a red fox", seed=4711)
    keep, seed = page.locator("#generate-seed-keep input"), page.locator("#generate-seed input[type=number]")
    keep.uncheck()
    seed.focus()
    before = set(outputs.glob("*/*.png"))
    page.keyboard.press("Control+Enter")
    first = arrival(page, outputs, before)
    expect(page.locator("#generate-recipe")).to_contain_text("seed 4711")
    seed.blur()
    paint(page, outputs)
    expect(page.locator("#generate-recipe")).not_to_contain_text("seed 4711")
    expect(keep).not_to_be_checked()
    page.locator(f'.shot[data-place="{first}"]').drag_to(page.locator("#generate-easel"))
    expect(seed).to_have_value("4711")


def test_live_paints_one_picture_though_a_sheet_is_set(server: Server, visit: Visit) -> None:
    page, outputs = _enter(visit, server), server.workspace.outputs
    _short(page, "a red fox")
    fill(page, "generate-count", "3")
    page.locator("#generate-live input").check()
    before = set(outputs.glob("*/*.png"))
    weigh(page, "fox", 0.7)
    arrival(page, outputs, before)
    page.locator("#generate-live input").uncheck()
    expect(page.locator("#generate-stage .job-panel")).to_have_count(0)
    fill(page, "generate-prompt", "a hen of mine")
    page.get_by_label("Send this picture to").select_option("image")
    expect(page.locator(".source .loaded img")).to_be_visible()
    expect(page.locator("#generate-prompt textarea")).to_have_value("a hen of mine")
    page.get_by_role("button", name="Take back: Starts from a picture").click()
    expect(page.locator(".source .zone")).to_be_visible()


def test_a_press_that_cannot_be_done_is_told(server: Server, visit: Visit) -> None:
    page = _enter(visit, server)
    page.locator("#generate-stage .live").evaluate(
        """(place) => {
          const old = document.createElement("button");
          Object.assign(old.dataset, { act: "resume", run: "long-gone" });
          place.append(old);
          old.click();
        }"""
    )
    expect(page.get_by_text("The record of the run long-gone cannot be read")).to_be_visible(timeout=PATIENCE)


def test_words_from_outside_stay_words(server: Server, visit: Visit) -> None:
    page, outputs = _enter(visit, server), server.workspace.outputs
    expect(row(page, "odd").locator("b")).to_have_text(ODD)
    row(page, "odd").get_by_role("button", name="<b>word</b>").click()
    _short(page, f"<b>word</b> {ODD}")
    weigh(page, "odd", 0.2)
    row(page, "odd").get_by_role("button", name=f"More about {ODD}").click()
    row(page, "odd").locator(".receipt summary").click()
    expect(row(page, "odd").locator(".receipt dl")).to_contain_text(ODD)
    paint(page, outputs)
    expect(page.locator("#generate-recipe .prompt")).to_have_text(f"<b>word</b> {ODD}")
    expect(page.locator(f'.shot .thumb[title^="<b>word</b> {ODD}"]').first).to_be_visible()
    page.get_by_role("button", name="Earlier", exact=True).click()
    expect(page.locator(".prompting .list button").first).to_have_text(f"<b>word</b> {ODD}")
    page.locator(".mixer .add").get_by_role("button", name="Sets").click()
    page.get_by_label("Name of this mix").fill("<u>mine</u>")
    page.get_by_role("button", name="Keep this mix").click()
    expect(page.locator(".mixer .set b")).to_have_text("u mine u")  # as a file may be called
    assert page.evaluate("document.querySelectorAll('img[src=x], .room b b, .room u').length") == 0


def _picture(path: Path, parameters: str) -> Path:
    from PIL.PngImagePlugin import PngInfo

    chunks = PngInfo()
    if parameters:
        chunks.add_text("parameters", parameters)
    Image.new("RGB", (64, 96), "teal").save(path, pnginfo=chunks)
    return path


def _drop(page: Page, file: Path) -> None:
    page.evaluate(DROP, [file.name, "image/png", b64encode(file.read_bytes()).decode()])
