"""A dataset from a pile of pictures: brought in, captioned, edited in batches, mended — and never lost."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import APIResponse, Page, Request, Response, Route, expect

from studio.data.captions import read_caption
from studio.data.hints import hints
from studio.workspace import Workspace
from tests.browser.conftest import Serve, Server, Visit
from tests.browser.rooms import PATIENCE, bring_pictures, enter, until

pytestmark = pytest.mark.browser
MANY = 2000


@pytest.fixture
def pile(tmp_path: Path, samples: list[Path]) -> list[Path]:
    """Twelve files: eight sound pictures, the twin of one, and three that are bad in different ways."""
    folder = tmp_path / "pile"
    folder.mkdir()
    for sample in samples:
        shutil.copy(sample, folder)
    with Image.open(samples[0]) as image:
        image.convert("RGB").save(folder / "twin.jpg", quality=95)
    (folder / "notes.png").write_text("just words")
    (folder / "cut off.png").write_bytes(samples[1].read_bytes()[:2000])
    (folder / "no archive.zip").write_bytes(b"PK, or is it?")
    return sorted(folder.iterdir())


def test_from_a_pile_of_pictures_to_a_dataset(server: Server, visit: Visit, pile: list[Path]) -> None:
    page = visit(server)
    assert len(pile) == 12
    bring_pictures(page, pile, "Pile")
    folder = server.workspace.datasets / "Pile"
    expect(page.locator(".refusals")).to_contain_text("notes.png is not a picture")
    expect(page.locator(".refusals")).to_contain_text("cut off.png")
    expect(page.locator(".refusals")).to_contain_text("no archive.zip cannot be unpacked")
    expect(page.locator(".bench-head p")).to_have_text("9 pictures, none captioned yet")
    _caption(page)
    _batch_and_undo(page, folder)
    _mend(page, folder)
    page.reload()
    _choose(page, "Pile")
    expect(page.locator(".bench-head p")).to_have_text("8 pictures, all captioned")
    page.get_by_role("button", name="Undo").click()
    expect(_told(page)).to_contain_text("1 picture is back, with captions and masks as before")
    expect(page.locator(".bench-head p")).to_have_text("9 pictures, all captioned")


def _caption(page: Page) -> None:
    page.click("#caption-go")
    expect(page.locator(".bench-head p")).to_have_text("9 pictures, all captioned", timeout=PATIENCE)
    expect(page.locator(".card .words.none")).to_have_count(0)


def _batch_and_undo(page: Page, folder: Path) -> None:
    before = _captions(folder)
    page.get_by_role("button", name="Change many").click()
    page.get_by_label("What to do").select_option("Prefix")
    page.get_by_label("Words").fill("zwx,")
    expect(page.locator(".found")).to_have_text("9 pictures will change.")
    expect(page.locator(".changes ins").first).to_contain_text("zwx")
    assert _captions(folder) == before
    page.get_by_role("button", name="Change", exact=True).click()
    expect(_told(page)).to_have_text("Put “zwx,” before: 9 pictures changed.")
    assert all(caption.startswith("zwx, ") for caption in _captions(folder).values())
    page.locator(".bench-head h2").click()
    page.keyboard.press("Control+z")
    expect(_told(page)).to_contain_text("Taken back: Put “zwx,” before (9 pictures)")
    expect(page.locator(".found")).to_have_text("9 pictures will change.")
    page.get_by_role("button", name="Change many").click()
    assert _captions(folder) == before
    page.keyboard.press("Control+Shift+z")
    expect(_told(page)).to_contain_text("Done again")
    expect(page.locator(".card .words").first).to_contain_text("zwx")


def _mend(page: Page, folder: Path) -> None:
    """The check has found the twin by itself; its button takes it out, and back it could come."""
    expect(page.locator(".verdict")).to_contain_text("near-duplicate", timeout=PATIENCE)
    page.locator(".doctor > summary").click()
    finding = page.locator(".finding").filter(has_text="nearly the same as another")
    stays = finding.locator("figure.stays .face").get_attribute("aria-label")
    finding.get_by_role("button", name="Keep both").click()
    expect(finding.locator("button.mend").first).to_have_text("They all stay")
    finding.get_by_role("button", name=f"Let it go: {str(stays).removeprefix('Open ')}").click()
    expect(finding.locator("figure.goes .face")).to_have_attribute("aria-label", str(stays))
    finding.locator("button.mend").first.click()
    expect(page.locator(".finding.done")).to_contain_text(f"Taken out: {str(stays).removeprefix('Open ')}")
    expect(page.locator(".bench-head p")).to_have_text("8 pictures, all captioned", timeout=PATIENCE)
    assert len(_captions(folder)) == 8


def test_a_second_page_is_told_of_a_conflict(server: Server, visit: Visit, samples: list[Path]) -> None:
    one, two = visit(server), visit(server)
    bring_pictures(one, samples[:2], "Two pages")
    _choose(two, "Two pages")
    picture = server.workspace.datasets / "Two pages" / samples[0].name
    for page in (one, two):
        page.locator(".card").first.click()
        expect(page.locator(".editor .meter")).to_be_visible()
    one.locator("#caption-words").press_sequentially("what the first page says")
    two.locator("#caption-words").press_sequentially("what the second page says")
    told = [page for page in (one, two) if _conflict(page)]
    assert len(told) == 1
    kept = read_caption(picture)
    assert kept.startswith("what the ")
    expect(told[0].locator(".conflict blockquote")).to_have_text(kept)
    told[0].get_by_role("button", name="Keep mine").click()
    expect(told[0].locator(".editor .saved")).to_have_text("Saved")
    assert read_caption(picture) == told[0].locator("#caption-words").input_value() != kept


def _conflict(page: Page) -> bool:
    expect(page.locator(".editor .saved")).to_have_text(re.compile("^(Saved|Not saved)$"))
    return page.locator(".conflict").is_visible()


def test_typing_among_two_thousand_pictures_costs_nothing(server: Server, visit: Visit) -> None:
    folder = server.workspace.datasets / "Many"
    folder.mkdir()
    for number in range(MANY):
        Image.new("RGB", (8, 8), (number % 256, number // 256, 0)).save(folder / f"picture {number}.png")
        (folder / f"picture {number}.txt").write_text(
            f"square {number}, red hat" if number % 4 else f"square {number}"
        )
    page = visit(server)
    _choose(page, "Many")
    expect(page.locator(".bench-head p")).to_have_text("2000 pictures, all captioned", timeout=PATIENCE)
    assert page.locator(".card").count() < 60  # only those in view are on the page
    page.locator(".card").nth(1).click()
    expect(page.locator(".editor .meter")).to_be_visible()
    saves: list[Request] = []
    page.on("request", lambda sent: '"what":"save"' in (sent.post_data or "") and saves.append(sent))
    work = page.evaluate(
        """() => { const words = document.querySelector("#caption-words"); let changes = 0;
        const drawn = studio.drawn;
        const watch = new MutationObserver((seen) => { changes += seen.length; });
        const board = document.querySelector(".bench .cards");
        watch.observe(board, { childList: true, subtree: true, characterData: true });
        for (const letter of "and more words than one can count") {
          words.value += letter;
          words.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }
        changes += watch.takeRecords().length; watch.disconnect();
        return [changes, studio.drawn - drawn]; }"""
    )
    assert (work, len(saves)) == ([0, 0], 0)
    expect(page.locator(".editor .saved")).to_have_text("Saved")
    assert len(saves) == 1
    assert read_caption(folder / "picture 1.png").endswith("one can count")
    page.get_by_label("Filter").fill("-hat")
    expect(page.locator(".bench-bar .state")).to_have_text("500 of 2000 shown")
    page.get_by_role("button", name="Select all").click()
    expect(page.locator(".bench-bar .state")).to_have_text("500 of 2000 shown · 500 selected")


def test_a_pasted_picture_and_a_folder_in_place(
    server: Server, visit: Visit, samples: list[Path], tmp_path: Path
) -> None:
    page = visit(server)
    enter(page, "Caption")
    page.evaluate(
        """() => { const canvas = document.createElement("canvas"); canvas.width = canvas.height = 64;
        canvas.getContext("2d").fillRect(8, 8, 40, 40);
        canvas.toBlob((blob) => { const data = new DataTransfer();
          data.items.add(new File([blob], "image.png", { type: "image/png" }));
          const paste = new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
          document.body.dispatchEvent(paste); }); }"""
    )
    page.get_by_label("Name of the dataset").fill("Pasted")
    page.keyboard.press("Enter")
    expect(page.locator(".bench-head h2")).to_have_text("Pasted")
    expect(page.locator(".card img")).to_have_count(1)
    place = tmp_path / "elsewhere"
    place.mkdir()
    shutil.copy(samples[0], place)
    page.locator(".other-ways summary").click()
    page.get_by_label("Full path of a folder").fill(str(place / "not there"))
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".bring .told-wrong")).to_contain_text("does not exist")
    page.get_by_label("Full path of a folder").fill(str(place))
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".bench-head h2")).to_have_text("elsewhere")
    page.locator(".card").first.click()
    page.locator("#caption-words").fill("written beside it")
    expect(page.locator(".editor .saved")).to_have_text("Saved")
    assert (place / samples[0].name).with_suffix(".txt").read_text() == "written beside it"


def test_caption_without_pictures_begins_no_job(
    serve: Serve, visit: Visit, tmp_path: Path, samples: list[Path]
) -> None:
    server = serve(Workspace.open(tmp_path / "empty"))
    page = visit(server)
    enter(page, "Caption")
    page.click("#caption-go")
    expect(page.locator("#caption-fault")).to_contain_text("There are no pictures yet")
    page.set_input_files("#caption-bring input.files", samples[:1])
    expect(page.locator("#caption-fault")).not_to_contain_text("There are no pictures yet")
    assert not list(server.workspace.runs.iterdir())


def test_a_trigger_word_added_to_many_goes_to_train(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server)
    bring_pictures(page, samples[:2], "Many to Train")
    page.get_by_role("button", name="Change many").click()
    page.locator(".batch").get_by_label("Trigger word").fill("qvz")
    page.get_by_role("button", name="Change", exact=True).click()
    expect(page.locator(".found")).to_have_text("Done: 2 captions changed.")
    page.get_by_role("button", name="Train on this dataset").click()
    _expect_in_train(page, "Many to Train", "qvz", "")


def test_the_dataset_goes_to_train_with_all_that_was_said_of_it(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server)
    bring_pictures(page, samples[:2], "For Train")
    page.locator(".doctor > summary").click()
    page.get_by_label("Trigger word", exact=True).first.fill("zwx")
    page.get_by_label("What it is").first.fill("fox")
    page.get_by_label("What it is").first.press("Tab")
    page.get_by_role("button", name="Train on this dataset").click()
    _expect_in_train(page, "For Train", "zwx", "fox")


def test_words_just_typed_go_to_train_although_the_server_is_slow_to_hear_of_them(
    server: Server, visit: Visit, samples: list[Path]
) -> None:
    page = visit(server)
    bring_pictures(page, samples[:2], "Slow")
    page.locator(".doctor > summary").click()
    late: list[tuple[Route, APIResponse]] = []

    def delay(route: Route) -> None:
        """What the server said before the words were typed arrives after them; what is saved, later still."""
        asked = route.request.post_data or ""
        if '"what":"deck"' in asked:
            late.append((route, route.fetch()))
        elif '"what":"aim"' not in asked:
            route.continue_()

    questions = re.compile("component_server")
    page.route(questions, delay)
    words = (server.workspace.datasets / "Slow" / samples[0].name).with_suffix(".txt")
    words.write_text("a fox")
    until(page, lambda: bool(late))
    page.get_by_label("Trigger word", exact=True).first.fill("zwx")
    page.get_by_label("What it is").first.press_sequentially("fox")
    asked, answer = late.pop()
    asked.fulfill(response=answer)
    words.write_text("a red fox")
    until(page, lambda: bool(late))  # it asks again when it has taken the late answer
    expect(page.get_by_label("Trigger word", exact=True).first).to_have_value("zwx")
    page.evaluate("document.querySelector('.to-train').click()")  # without leaving the field first
    _expect_in_train(page, "Slow", "zwx", "fox")
    with page.expect_response(_keeps_the_words):
        page.unroute(questions)
    assert hints(server.workspace.datasets / "Slow").class_word == "fox"


def _keeps_the_words(response: Response) -> bool:
    asked = response.request.post_data or ""
    return '"what":"aim"' in asked and '"zwx","fox"' in asked


def _expect_in_train(page: Page, dataset: str, trigger: str, class_word: str) -> None:
    expect(page.locator("#train-dataset input")).to_have_value(dataset)
    expect(page.locator("#train-trigger textarea")).to_have_value(trigger)
    expect(page.locator("#train-class_word textarea")).to_have_value(class_word)


def _choose(page: Page, dataset: str) -> None:
    box = page.locator("#caption-dataset input")
    box.fill(dataset)
    box.press("Enter")
    expect(page.locator(".bench-head h2")).to_have_text(dataset)


def _told(page: Page):  # type: ignore[no-untyped-def]
    return page.locator(".bench .main > .told")


def _captions(folder: Path) -> dict[str, str]:
    return {path.name: read_caption(path) for path in folder.iterdir() if path.suffix in (".png", ".jpg")}
