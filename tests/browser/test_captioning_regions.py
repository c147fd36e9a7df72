"""Parts of pictures, compared pictures, and captions of other programs, as a person meets them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from studio.data.captions import read_caption
from studio.data.crops import Crop, crop_of
from studio.data.masks import open_mask
from tests.browser.conftest import Server, Visit
from tests.browser.rooms import PATIENCE, bring_pictures, enter

pytestmark = pytest.mark.browser


@pytest.fixture
def page(server: Server, visit: Visit) -> Page:
    """The Caption room."""
    page = visit(server)
    enter(page, "Caption")
    return page


def test_a_crop_is_drawn_moved_and_taken_away(server: Server, page: Page, samples: list[Path]) -> None:
    bring_pictures(page, samples[:1], "Cropped")
    picture = server.workspace.datasets / "Cropped" / samples[0].name
    _open(page)
    page.get_by_role("button", name="Crop", exact=True).click()
    _drag(page, ".editor .sheet", (0.2, 0.2), (0.7, 0.6))
    expect(page.locator(".region-tools .told")).to_contain_text("Trained at")
    _drag(page, ".editor .crop", (0.5, 0.5), (0.7, 0.5))  # moved to the right by a fifth of its width
    page.get_by_role("button", name="Save the crop").click()
    expect(page.locator(".region-tools .told")).to_have_text("Only this part is trained on.")
    assert _near(crop_of(picture), (0.3, 0.2, 0.8, 0.6))
    expect(page.locator(".card .flags")).to_contain_text("crop")
    page.keyboard.press("Control+z")
    expect(page.locator(".card .flags")).not_to_contain_text("crop")
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".card .flags")).to_contain_text("crop")
    page.get_by_role("button", name="Crop", exact=True).click()
    page.locator(".editor .crop").press("ArrowDown")
    page.locator(".editor .crop").press("Shift+ArrowLeft")
    page.get_by_role("button", name="Save the crop").click()
    expect(page.locator(".editor .crop.still")).to_be_visible()
    assert _near(crop_of(picture), (0.3, 0.21, 0.79, 0.61))
    page.get_by_role("button", name="Crop", exact=True).click()
    page.get_by_role("button", name="Use all of it").click()
    expect(page.locator(".region-tools .told")).to_have_text("All of it is trained on.")
    assert crop_of(picture) is None


def test_a_mask_is_painted_and_taken_away(server: Server, page: Page, samples: list[Path]) -> None:
    bring_pictures(page, samples[:1], "Masked")
    picture = server.workspace.datasets / "Masked" / samples[0].name
    _open(page)
    page.get_by_role("button", name="Mask", exact=True).click()
    _drag(page, ".editor canvas", (0.1, 0.25), (0.9, 0.25))
    _drag(page, ".editor canvas", (0.1, 0.75), (0.9, 0.75))
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")  # nothing has to be pressed for it to be saved
    expect(page.locator(".card .flags")).to_contain_text("mask")
    _open(page)
    page.get_by_role("button", name="Mask", exact=True).click()
    _drag(page, ".editor canvas", (0.1, 0.1), (0.9, 0.1))
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.locator(".region-tools .told")).to_have_text("The mask is saved.")
    mask = open_mask(picture)
    with Image.open(picture) as image:
        assert mask is not None and mask.size == image.size
        across, down = image.size
    assert [mask.getpixel((across // 2, int(down * y))) for y in (0.1, 0.25, 0.75)] == [0, 0, 255]
    expect(page.locator(".card .flags")).to_contain_text("mask")
    page.reload()
    enter(page, "Caption")
    _open(page)
    page.get_by_role("button", name="Mask", exact=True).click()
    page.get_by_role("button", name="No mask").click()
    expect(page.locator(".region-tools .told")).to_have_text("All of it is learned.")
    assert open_mask(picture) is None
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".bench .main > .told")).to_have_text(f"Taken back: No mask of {samples[0].name}.")
    assert open_mask(picture) is not None


def test_pictures_are_compared_by_an_image_model_when_asked(page: Page, samples: list[Path]) -> None:
    bring_pictures(page, samples[:3], "Compared")
    expect(page.locator(".verdict")).to_contain_text("3 pictures", timeout=PATIENCE)
    page.locator(".doctor > summary").click()
    page.get_by_role("button", name="Compare now").click()
    expect(page.locator(".bench .main > .told")).to_contain_text("compared by an image model")
    expect(page.get_by_role("button", name="Compare now")).to_be_hidden(timeout=PATIENCE)
    expect(page.locator(".doctor")).to_contain_text("No more near-duplicates were found.", timeout=PATIENCE)
    expect(page.locator(".verdict")).to_contain_text("3 pictures")


def test_captions_of_other_programs_come_along_and_those_there_stay(
    page: Page, samples: list[Path], tmp_path: Path
) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    for sample in samples[:2]:
        shutil.copy(sample, place)
    rows = [{"file_name": sample.name, "text": "out of the table"} for sample in samples[:2]]
    (place / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (place / samples[0].name).with_suffix(".txt").write_text("my own")
    page.locator(".other-ways summary").click()
    page.get_by_label("Full path of a folder").fill(str(place))
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator("#caption-refused")).to_contain_text("1 caption came along.")
    assert [read_caption(place / sample.name) for sample in samples[:2]] == ["my own", "out of the table"]
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#caption-refused")).not_to_contain_text("came along")


def test_two_captioners_that_go_well_together_are_chosen_at_one_press(page: Page) -> None:
    page.get_by_role("button", name="Tags and a sentence").click()
    expect(page.locator("#caption-captioner input")).to_have_value("WD tagger, ViT")
    expect(page.locator("#caption-about")).to_contain_text("MIT.")
    expect(page.locator("#caption-about")).to_contain_text("378 MB to download")
    expect(page.locator("#caption-about")).to_contain_text("Two at once: WD tagger, ViT, then ")
    page.reload()
    enter(page, "Caption")
    page.get_by_role("button", name="Only one").click()
    expect(page.get_by_role("button", name="Only one")).to_be_hidden()
    expect(page.locator("#caption-captioner input")).to_have_value("WD tagger, ViT")


def _open(page: Page) -> None:
    page.locator(".card").first.click()
    expect(page.locator(".editor .meter")).to_be_visible()


def _drag(page: Page, on: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at one place of an element, move to another and let go; in shares of its width and height."""
    page.locator(on).scroll_into_view_if_needed()
    box = page.locator(on).bounding_box()
    assert box is not None
    (x, y), (to_x, to_y) = (
        (box["x"] + box["width"] * a, box["y"] + box["height"] * b) for a, b in (start, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=8)
    page.mouse.up()


def _near(crop: Crop | None, sides: tuple[float, ...]) -> bool:
    assert crop is not None
    found = (crop.left, crop.top, crop.right, crop.bottom)
    return all(abs(one - other) < 0.012 for one, other in zip(found, sides, strict=True))
