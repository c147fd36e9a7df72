"""The whole walk of a first day: caption, train, mix — in a real browser, with the built-in model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from studio.data.captions import read_caption
from tests.browser.conftest import Server, Visit
from tests.browser.rooms import PATIENCE, arrival, bring_pictures, enter, fill, paint, row, train, weigh

pytestmark = pytest.mark.browser


def test_caption_train_and_mix(server: Server, visit: Visit, samples: list[Path], tmp_path: Path) -> None:
    page = visit(server)
    _caption(page, server, samples)
    _train_with_a_stop(page, server)
    _mix(page, server, tmp_path)


def _caption(page: Page, server: Server, samples: list[Path]) -> None:
    bring_pictures(page, samples, "Fox")
    expect(page.locator(".card img")).to_have_count(8)
    page.click("#caption-go")
    captioned = page.locator(".card .words:not(.none)")
    expect(captioned.first).to_be_visible(timeout=PATIENCE)
    expect(captioned).to_have_count(8, timeout=PATIENCE)
    page.locator(".card").first.click()
    page.locator("#caption-words").fill("a fox that I named myself")
    expect(page.locator(".editor .saved")).to_have_text("Saved")
    expect(page.locator(".history li")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".card .words").first).to_have_text("a fox that I named myself")
    assert read_caption(server.workspace.datasets / "Fox" / samples[0].name) == "a fox that I named myself"


def _train_with_a_stop(page: Page, server: Server) -> None:
    train(page, name="Fox", dataset="Fox", steps=60, verdict=False)
    figures = page.locator("#train-stage .figures")
    expect(figures).to_contain_text("of 60", timeout=PATIENCE)
    expect(page.locator("#train-stage .plot")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#train-stage .film img").first).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE)
    page.reload()
    enter(page, "Train")
    expect(page.locator("#train-stage .state")).to_contain_text("Stopped")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Try it in Generate")).to_be_visible(timeout=PATIENCE)
    assert (server.workspace.loras / "Fox.safetensors").exists()
    lines = next(server.workspace.runs.glob("*-train-*/metrics.jsonl")).read_text().splitlines()
    assert len(lines) == 60  # no step twice, none left out


def _mix(page: Page, server: Server, tmp_path: Path) -> None:
    outputs = server.workspace.outputs
    enter(page, "Generate")
    expect(row(page, "Fox")).to_be_visible()
    page.locator(".mixer input.files").set_input_files(
        _other(server.workspace.loras / "Fox.safetensors", tmp_path)
    )
    expect(row(page, "Other")).to_be_visible()
    fill(page, "generate-prompt", "a picture of sks fox")
    fill(page, "generate-seed", "7")
    expect(page.locator("#generate-seed-keep input")).to_be_checked()
    bare = paint(page, outputs)
    weigh(page, "Fox", 1)
    one = paint(page, outputs)
    weigh(page, "Other", 0.5)
    both = paint(page, outputs)
    assert not same(bare, one)
    assert not same(one, both)
    weigh(page, "Fox", 0)
    weigh(page, "Other", 0)
    assert same(bare, paint(page, outputs))
    _live(page, outputs)


def _live(page: Page, outputs: Path) -> None:
    """With Live on, letting a slider go is all it takes."""
    page.locator("#generate-live input").check()
    before = set(outputs.glob("*/*.png"))
    slider = row(page, "Fox").locator("input[type=range]")
    slider.focus()
    page.keyboard.press("End")
    expect(row(page, "Fox").locator("input[type=number]")).to_have_value("2")
    assert not same(next(iter(sorted(before))), arrival(page, outputs, before))


def _other(lora: Path, folder: Path) -> Path:
    """A second LoRA: the first with every change turned around."""
    with safe_open(lora, "numpy") as file:
        metadata = {**file.metadata(), "ss_output_name": "Other", "modelspec.title": "Other"}
    tensors = {
        name: np.ascontiguousarray(-tensor if ".lora_up." in name else tensor)
        for name, tensor in load_file(lora).items()
    }
    save_file(tensors, folder / "Other.safetensors", metadata)
    return folder / "Other.safetensors"


def same(one: Path, other: Path) -> bool:
    """Whether two pictures are the same, pixel for pixel."""
    with Image.open(one) as a, Image.open(other) as b:
        return (
            a.size == b.size and ImageChops.difference(a.convert("RGB"), b.convert("RGB")).getbbox() is None
        )
