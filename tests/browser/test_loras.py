"""The LoRAs room: the library, and the workbench on what is chosen in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect

from studio.adapters.library import find_adapter
from studio.workspace import Workspace
from tests.browser.conftest import PATIENCE, Serve, Server, Visit
from tests.browser.rooms import until
from tests.ui.test_library import write_lora

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stocked(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A library of sixty, two of them the same and one for another family."""
    workspace = Workspace.open(tmp_path_factory.mktemp("loras") / "workspace")
    for number in range(58):
        write_lora(workspace.loras / f"lora {number:02}.safetensors", fill=1.0 + number)
    write_lora(workspace.loras / "twin.safetensors", fill=1.0)
    write_lora(workspace.loras / "old.safetensors", family="sd1")
    return serve(workspace)


def enter(page: Page) -> None:
    page.get_by_role("tab", name="LoRAs").click()
    expect(page.locator(".loras .card").first).to_be_visible()


def card(page: Page, name: str) -> Locator:
    return page.locator(f'.loras .card[data-name="{name}"]')


def search(page: Page, text: str) -> None:
    page.get_by_label("Search").fill(text)


def asked_about(request: Request) -> str:
    """What a question to the server is about; nothing for other requests."""
    found = re.search(r'"what":"(\w+)"', request.post_data or "")
    return found[1] if found else ""


def test_only_the_rows_in_view_are_on_the_page_and_words_find_a_lora(stocked: Server, visit: Visit) -> None:
    page = visit(stocked)
    enter(page)
    expect(page.locator(".loras .bench-head p")).to_have_text("60")
    assert page.locator(".loras .card").count() < 60
    search(page, "lora 33")
    expect(page.locator(".loras .card")).to_have_count(1)
    search(page, "")
    page.get_by_label("Family").select_option("sd1")
    expect(page.locator(".loras .card")).to_have_count(1)
    expect(card(page, "old")).to_be_visible()


def test_the_receipt_says_what_fits_and_what_is_ignored(stocked: Server, visit: Visit) -> None:
    page = visit(stocked)
    enter(page)
    search(page, "twin")
    card(page, "twin").click()
    expect(page.locator(".loras .fits")).to_have_class("fits not")  # this file has one odd layer
    expect(page.locator(".loras .fits")).to_contain_text("None of its 1 layers fits Miniature")
    page.locator(".loras .receipt summary").click()
    expect(page.locator(".loras .receipt dl")).to_contain_text("Kind")
    page.locator(".loras .star").click()
    page.get_by_label("Your note").fill("for dark scenes")
    page.get_by_role("button", name="Close", exact=True).click()  # at once; the words are kept all the same
    search(page, "dark scenes")
    expect(card(page, "twin").locator(".flags")).to_contain_text("★")


def test_doubles_are_found_and_one_goes_to_the_bin(
    stocked: Server, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = visit(stocked)
    page.on("dialog", lambda dialog: dialog.accept())
    enter(page)
    page.get_by_role("button", name="Doubles").click()
    expect(page.locator(".loras .card")).to_have_count(2)
    card(page, "lora 00").click()
    page.get_by_role("button", name="To the bin").click()
    expect(page.locator(".loras .told")).to_contain_text("is in the system's bin")
    assert not (stocked.workspace.loras / "lora 00.safetensors").exists()


def test_what_is_said_of_the_bin_stays_though_the_lora_was_still_being_read(
    stocked: Server, visit: Visit
) -> None:
    page = visit(stocked)
    page.on("dialog", lambda dialog: dialog.accept())
    enter(page)
    search(page, "lora 01")
    expect(page.locator(".loras .card")).to_have_count(1)
    held: dict[str, Route] = {}

    def hold(route: Route) -> None:
        what = asked_about(route.request)
        if what in ("look", "shelf"):
            held[what] = route
        else:
            route.continue_()

    page.route(re.compile("component_server"), hold)
    card(page, "lora 01").click()
    page.get_by_role("button", name="To the bin").click()
    expect(page.locator(".loras .told")).to_contain_text("is in the system's bin")
    until(page, lambda: set(held) == {"look", "shelf"})
    for what in ("look", "shelf"):
        with page.expect_response(lambda response, what=what: asked_about(response.request) == what):
            held[what].continue_()
    page.unroute_all()
    expect(page.locator(".loras .nothing")).to_be_visible()
    expect(page.locator(".loras .told")).to_contain_text("is in the system's bin")


def test_what_is_chosen_stays_when_another_goes_and_goes_by_name(stocked: Server, visit: Visit) -> None:
    page, asked = visit(stocked), []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    enter(page)
    search(page, "lora 0")
    card(page, "lora 04").click()
    for name in ("lora 02", "lora 03"):
        card(page, name).click(modifiers=["Control"])
    page.get_by_role("button", name="To the bin").click()
    expect(card(page, "lora 04")).to_have_count(0)
    expect(card(page, "lora 02")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".loras .told")).to_contain_text("2 LoRAs are in the system's bin")
    assert "“lora 04”" in asked[0]
    assert "lora 02\nlora 03" in asked[1]


def test_two_are_merged_and_the_new_one_is_used_in_generate(stocked: Server, visit: Visit) -> None:
    page = visit(stocked)
    enter(page)
    for name in ("lora 56", "lora 57"):
        card(page, name).click(modifiers=["Control"])
    expect(page.locator(".picks li")).to_have_count(2)
    page.get_by_label("Weight of lora 57").fill("0.5")
    page.locator("#loras-tool input").click()
    page.get_by_role("option", name="Merge into one", exact=True).click()
    page.locator("#loras-merge-to textarea").fill("Both of them")
    page.locator("#loras-merge-check input").uncheck()
    page.click("#loras-go")
    expect(page.locator("#loras-result .made button")).to_have_text(
        "Use “Both of them” in Generate", timeout=PATIENCE
    )
    assert find_adapter(stocked.workspace, "Both of them").rank == 8
    page.locator("#loras-result .made button").click()
    expect(page.locator("#generate-go")).to_be_visible()


def test_too_few_are_told_at_the_form(stocked: Server, visit: Visit) -> None:
    page = visit(stocked)
    enter(page)
    page.locator("#loras-tool input").click()
    page.get_by_role("option", name="Merge into one", exact=True).click()
    page.click("#loras-go")
    expect(page.locator("#loras-merge-fault .fault")).to_contain_text("Choose 2 LoRAs or more first")


def test_files_are_added_and_old_ones_are_asked_about(stocked: Server, visit: Visit, tmp_path: Path) -> None:
    page = visit(stocked, width=400, height=800)
    new = write_lora(tmp_path / "fresh.safetensors", fill=99.0)
    (tmp_path / "old.pt").write_bytes(b"not really")
    enter(page)
    page.set_input_files("#loras-drop input.files", [new, tmp_path / "old.pt"])
    expect(card(page, "fresh")).to_be_visible()
    expect(page.locator(".arrival")).to_contain_text("which can hold programs")
    page.get_by_role("button", name="Leave it out").click()
    expect(page.locator(".arrival")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
