"""What a person does in the rooms, for the tests of the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PATIENCE = 240_000
WITH_FORM = ("Train", "Generate")
FOLDS = {
    **dict.fromkeys(("generate-seed", "generate-count", "generate-width", "generate-height"), "picture"),
    **dict.fromkeys(("generate-image", "generate-strength"), "start"),
    **dict.fromkeys(("generate-steps", "generate-guidance"), "sampling"),
    **dict.fromkeys(("generate-sheet", "generate-upscale"), "finish"),
    "generate-base": "model",
    "generate-negative": "prompt",
}


def enter(page: Page, room: str) -> None:
    """Open a room by its tab."""
    page.get_by_role("tab", name=room).click()
    expect(page.locator(f"#{room.lower()}-go")).to_be_visible()
    if room in WITH_FORM:  # what the form held before has come
        expect(page.locator(f".desk[data-kept]:has(#{room.lower()}-go)")).to_be_attached()


def until(page: Page, true: Callable[[], bool]) -> None:
    """Wait for what is seen outside the page, while the page goes on."""
    for _ in range(PATIENCE // 100):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come")


def bring_pictures(page: Page, files: list[Path], dataset: str) -> None:
    """Bring files into a dataset of the Caption room, and wait until its pictures are seen."""
    enter(page, "Caption")
    page.set_input_files("#caption-bring input.files", files)
    page.get_by_label("Name of the dataset").fill(dataset)
    page.keyboard.press("Enter")
    expect(page.locator(".bench-head h2")).to_have_text(dataset)
    expect(page.locator(".card img").first).to_be_visible()


def fill(page: Page, name: str, value: str) -> None:
    """Type into a field, and leave it as the Tab key does; a fold in which it lies is opened."""
    reveal(page, name)
    box = page.locator(f"#{name}").locator(
        "textarea, input[type=text], input[type=number], input[role=combobox]"
    )
    box.first.fill(value)
    box.first.press("Tab")


def reveal(page: Page, name: str) -> None:
    """Open the fold of the Generate room in which a field lies."""
    fold = FOLDS.get(name)
    if fold and not page.locator(f"#{name}").is_visible():
        page.locator(f"#generate-fold-{fold} > button").click()
        expect(page.locator(f"#{name}")).to_be_visible()


def choose(page: Page, name: str, value: str) -> None:
    """Choose from a box."""
    page.locator(f"#{name} input").click()
    page.get_by_role("option", name=value, exact=True).click()


def open_fold(page: Page, name: str) -> None:
    """Open a fold of a form, unless it is open."""
    button = page.locator(f"#{name} > button.label-wrap")
    if "open" not in (button.get_attribute("class") or "").split():
        button.click()


def train(
    page: Page, *, name: str, dataset: str, steps: int, trigger: str = "sks", verdict: bool = True
) -> None:
    """Fill in a short training and press Train."""
    enter(page, "Train")
    choose(page, "train-dataset", dataset)
    fill(page, "train-class_word", "fox")
    open_fold(page, "train-fold-what-to-learn")
    fill(page, "train-name", name)
    open_fold(page, "train-fold-how-long")
    fill(page, "train-steps", str(steps))
    open_fold(page, "train-fold-watching-it-learn")
    fill(page, "train-sample_prompts", f"a picture of {trigger} fox")
    fill(page, "train-sample_every", str(steps))
    fill(page, "train-save_every", str(steps))
    if not verdict:
        page.locator("#train-verdict label", has_text="None").click()
    open_fold(page, "train-fold-class-pictures")
    choose(page, "train-keep_class", "Off")
    page.click("#train-go")


def row(page: Page, name: str) -> Locator:
    """The line of a LoRA in the mixer."""
    return page.locator(f'.mixer .row[data-key="{name}"]')


def weigh(page: Page, name: str, weight: float) -> None:
    """Set a LoRA's weight in its number field, which switches it on."""
    number = row(page, name).locator("input[type=number]")
    number.fill(str(weight))
    number.press("Tab")


def paint(page: Page, outputs: Path) -> Path:
    """Press Generate and wait for the picture; returns its file."""
    before = set(outputs.glob("*/*.png"))
    page.click("#generate-go")
    return arrival(page, outputs, before)


def arrival(page: Page, outputs: Path, before: set[Path]) -> Path:
    """The picture that has come since, once the page shows it."""
    expect(page.locator("#generate-gallery .thumb")).to_have_count(len(before) + 1, timeout=PATIENCE)
    (new,) = set(outputs.glob("*/*.png")) - before
    expect(page.locator(f'.canvas img[src*="{new.name}"]')).to_be_visible()
    return new
