"""The page by itself: narrow and wide, by keyboard, with faults, and closed to the outside."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from studio.workspace import Workspace
from tests.browser.conftest import Serve, Server, Visit
from tests.browser.rooms import bring_pictures, enter, fill, open_fold

pytestmark = pytest.mark.browser
ROOMS = ("Caption", "Train", "Generate")
FOCUS = """() => {
  const at = document.activeElement, outlined = (one) => getComputedStyle(one).outlineStyle !== "none";
  const frame = at.closest(".wrap, label");
  return [at.id || at.closest("[id]")?.id || at.tagName, at === document.body ||
    outlined(at) || (frame && outlined(frame))];
}"""


def test_the_page_does_not_scroll_sideways_on_a_narrow_screen(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server, width=400, height=800)
    bring_pictures(page, samples[:2], "A dataset with a rather long name, longer than the screen is wide")
    for room in ROOMS:
        enter(page, room)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, room


def test_every_field_has_a_name_and_a_line_of_help(server: Server, visit: Visit) -> None:
    page = visit(server)
    for room in ROOMS:
        enter(page, room)
        without = page.evaluate(
            """room => [...document.querySelectorAll(`.desk .block[id^="${room}-"]`)]
                .filter(block => block.querySelector('input, textarea') && !block.matches('.gr-accordion'))
                .filter(block => !block.querySelector('.info-text')).map(block => block.id)""",
            room.lower(),
        )
        assert [name for name in without if not name.endswith(("-adapters", "-bring"))] == []


def test_the_keyboard_alone_gets_everywhere_and_one_sees_where_it_is(server: Server, visit: Visit) -> None:
    page = visit(server)
    page.get_by_role("tab", name="Caption").focus()
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        name, visible = page.evaluate(FOCUS)
        seen.add(name)
        assert visible, f"no visible focus at {name}"
    assert "caption-go" in seen


def test_ctrl_enter_presses_the_button_of_the_room(server: Server, visit: Visit) -> None:
    page = visit(server)
    enter(page, "Train")
    fill(page, "train-dataset", "Nowhere")
    fill(page, "train-class_word", "fox")
    page.locator("#train-trigger textarea").press("Control+Enter")
    expect(page.locator("#train-fault .fault")).to_contain_text("no dataset called “Nowhere”")


def test_a_fault_names_the_field_marks_it_and_goes_away(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server)
    bring_pictures(page, samples[:1], "One fox")
    enter(page, "Train")
    fill(page, "train-dataset", "One fox")
    open_fold(page, "train-fold-how-long")
    fill(page, "train-steps", "0")
    page.click("#train-go")
    expect(page.locator("#train-fault .fault")).to_contain_text("Steps")
    expect(page.locator("#train-steps.wrong input")).to_be_focused()
    fill(page, "train-steps", "")
    expect(page.locator("#train-fault .fault, .wrong")).to_have_count(0)  # mended, or at least touched
    page.click("#train-go")
    expect(page.locator("#train-fault .fault")).to_have_text("Steps is empty. Please fill it in.")


def test_a_file_that_cannot_be_used_is_told_and_the_rest_goes_on(
    server: Server, visit: Visit, samples: list[Path], tmp_path: Path
) -> None:
    page = visit(server)
    (tmp_path / "notes.png").write_text("just words")
    bring_pictures(page, [*samples[:2], tmp_path / "notes.png"], "Two foxes")
    expect(page.locator(".refusals li")).to_contain_text("notes.png is not a picture")
    expect(page.locator(".card img")).to_have_count(2)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".refusals")).to_have_count(0)


def test_a_caption_with_html_in_it_stays_text(server: Server, visit: Visit, samples: list[Path]) -> None:
    page = visit(server)
    bring_pictures(page, samples[:1], "Odd words")
    page.locator(".card").first.click()
    page.locator("#caption-words").fill("<img src=x onerror=alert(1)> `${7*7}` {{7*7}}")
    expect(page.locator(".editor .saved")).to_have_text("Saved")
    page.keyboard.press("Escape")
    expect(page.locator(".card .words")).to_have_text("<img src=x onerror=alert(1)> `${7*7}` {{7*7}}")
    page.reload()
    fill(page, "caption-dataset", "Odd words")
    expect(page.locator(".card .words")).to_have_text("<img src=x onerror=alert(1)> `${7*7}` {{7*7}}")


def test_dark_and_light_follow_the_system_and_the_button(server: Server, visit: Visit) -> None:
    page = visit(server, color_scheme="dark")
    assert _is_dark(page)
    page.click("#look")
    expect(page.locator("body:not(.dark)")).to_have_count(1)
    page.reload()
    expect(page.locator("#status .status")).to_be_visible()
    assert not _is_dark(page)


def test_the_tour_is_closed_once_and_comes_back_when_asked(server: Server, visit: Visit) -> None:
    page = visit(server)
    expect(page.locator(".guide")).to_be_visible()
    page.get_by_role("button", name="Close the tour").click()
    expect(page.locator(".guide")).to_have_count(0)
    page.reload()
    expect(page.locator("#status .status")).to_be_visible()
    expect(page.locator(".guide")).to_have_count(0)
    page.get_by_role("button", name="Guided tour: show or hide").click()
    expect(page.locator(".guide")).to_be_visible()


def test_the_tour_brings_the_pictures_and_fills_the_forms(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    from studio.demo import SUBJECT

    server = serve(Workspace.open(tmp_path / "toured"))
    page = visit(server)
    page.get_by_role("button", name="Bring in the sample pictures").click()
    expect(page.locator("#caption-dataset input")).to_have_value(SUBJECT.dataset)
    expect(page.locator(".card img")).to_have_count(8)
    for picture in (server.workspace.datasets / SUBJECT.dataset).glob("*.png"):
        picture.with_suffix(".txt").write_text("a fox")
    page.get_by_role("button", name="Fill in the training").click()
    expect(page.locator("#train-go")).to_be_visible()
    open_fold(page, "train-fold-what-to-learn")
    expect(page.locator("#train-name textarea")).to_have_value(SUBJECT.values["name"])
    expect(page.locator("#train-dataset input")).to_have_value(SUBJECT.dataset)


def test_nobody_else_gets_anything_from_the_server(server: Server) -> None:
    record = server.workspace.loras / "secret.txt"
    record.write_text("mine")
    with httpx.Client(base_url=server.address) as client:
        assert client.get(f"gradio_api/file={record}").status_code == 403
        assert client.get("gradio_api/info").status_code == 403
        assert (
            client.post("gradio_api/queue/join", headers={"origin": "https://example.org"}).status_code == 403
        )
        assert client.get("/", headers={"host": "example.org"}).status_code == 403


def test_a_second_window_sees_the_same(server: Server, visit: Visit, samples: list[Path]) -> None:
    one, two = visit(server), visit(server)
    bring_pictures(one, samples[:3], "Three foxes")
    fill(two, "caption-dataset", "Three foxes")
    expect(two.locator(".card img")).to_have_count(3)


def _is_dark(page: Page) -> bool:
    return bool(page.evaluate("document.body.classList.contains('dark')"))
