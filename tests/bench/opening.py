"""The Caption room with very many pictures, in a real browser: how soon they are there, and how it feels.

    python -m tests.bench.opening [large pictures] [small pictures]

A folder of photographs of 12 megapixels is opened in place: the time until the first thumbnail is seen and
until all are made, how long a click takes meanwhile and after, and the memory of the server. A folder of many
small pictures is opened twice, and words are typed into a caption while the doctor looks and when it is done:
from the key to the painted frame. Compare figures of one run; the machine may be busy with other things.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from studio.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE, SETTLED = 3_600_000, 4000  # milliseconds
LARGE, SMALL = (4000, 3000), (256, 192)

KEYS = """async (count) => { const words = document.querySelector("#caption-words"); const spent = [];
  words.focus();
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    document.execCommand("insertText", false, "abcdefg "[at % 8]);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    spent.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 90));
  }
  return spent; }"""

SEEN = """([selector, text]) => [...document.querySelectorAll(selector)]
  .some((one) => one.offsetParent && one.textContent.includes(text))"""


def fill(folder: Path, count: int, size: tuple[int, int], captions: bool) -> None:
    """Photographs, each another file: a few are drawn, the bytes behind their end differ."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(8):
        small = random.integers(0, 255, (size[1] // 16, size[0] // 16, 3), np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(small).resize(size, Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
        drawn.append(buffer.getvalue())
    for number in range(count):
        (folder / f"{number}.jpg").write_bytes(drawn[number % len(drawn)] + b"\0" * number)
        if captions:
            (folder / f"{number}.txt").write_text(f"zwx fox {number}, red hat, on a chair", encoding="utf-8")


def megabytes(process: psutil.Process) -> float:
    """What a process holds now."""
    return process.memory_info().rss / 2**20


def place(page: Page, folder: Path) -> float:
    """Open a folder in place; the seconds until its name stands there."""
    page.locator(".other-ways").evaluate("one => { one.open = true; }")
    page.get_by_label("Full path of a folder").fill(str(folder))
    began = time.perf_counter()
    page.get_by_role("button", name="Open", exact=True).click()
    since(page, began, ".bench-head h2", folder.name)
    return began


def since(page: Page, began: float, selector: str, text: str = "") -> float:
    """The seconds until this is seen, looked for at every frame."""
    page.wait_for_function(SEEN, arg=[selector, text], polling="raf", timeout=PATIENCE)
    return time.perf_counter() - began


def click(page: Page, number: int) -> float:
    """Milliseconds from a click on a picture until it is open in the editor."""
    card = page.locator(".card").nth(number)
    name = card.get_attribute("data-name")
    began = time.perf_counter()
    card.click()
    return 1000 * since(page, began, ".editor h2", str(name))


def many_large(page: Page, server: psutil.Process, workspace: Workspace, folder: Path) -> None:
    """1,000 photographs of 12 megapixels."""
    count = len(list(folder.iterdir()))
    thumbnails = workspace.cache / "thumbnails"
    before, earlier = megabytes(server), len(list(thumbnails.glob("*.jpg")))
    began = place(page, folder)
    first = since(page, began, ".card img")
    clicks, peak = [click(page, 0)], megabytes(server)
    while len(list(thumbnails.glob("*.jpg"))) < earlier + count:
        clicks.append(click(page, len(clicks) % 6))
        peak = max(peak, megabytes(server))
        page.wait_for_timeout(1000)
    took = time.perf_counter() - began
    page.wait_for_timeout(2000)
    idle = [click(page, number % 6) for number in range(10)]
    print(f"{count} of 12 megapixels: first thumbnail after {first:.1f} s, all after {took:.0f} s")
    print(
        f"  a click meanwhile {median(clicks):.0f} ms, at most {max(clicks):.0f}; idle {median(idle):.0f} ms"
    )
    print(
        f"  memory of the server {before:.0f} MiB before, {peak:.0f} at most, {megabytes(server):.0f} after"
    )


def bare_key(page: Page) -> str:
    """What a key costs in a field with nothing around it, on this machine at this moment."""
    page.set_content('<textarea id="caption-words"></textarea>')
    return painted(page)


def painted(page: Page) -> str:
    """How long it takes from a key to the painted frame."""
    keys = page.evaluate(KEYS, 60)
    return f"painted in {median(keys):.0f} ms, 95 % within {sorted(keys)[-4]:.0f} ms"


def many_small(page: Page, folder: Path, count: int) -> None:
    """2,000 pictures: opened, opened again, typed in."""
    for turn in ("first", "second"):
        began = place(page, folder)
        spent = since(page, began, ".bench-head p", f"{count} pictures, all captioned")
        print(f"{count} pictures: opened in {spent:.2f} s the {turn} time")
        page.locator(".card").nth(1).click()
        expect(page.locator(".editor .meter").first).to_be_visible(timeout=PATIENCE)
        busy = page.locator(".doctor.busy").count() > 0
        when = "while the doctor looks" if busy else "with the doctor at rest"
        print(f"  a key {when}: {painted(page)}")
        began = time.perf_counter()
        expect(page.locator(".doctor.busy")).to_have_count(0, timeout=PATIENCE)
        print(f"  the doctor ended {time.perf_counter() - began:.0f} s after the typing")
        page.reload()
        page.get_by_role("tab", name="Caption").click()
        page.wait_for_timeout(SETTLED)  # the page itself is loaded by then


def main(large: int = 1000, small: int = 2000) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        fill(Path(home, "large"), large, LARGE, captions=False)
        fill(Path(home, "small"), small, SMALL, captions=True)
        workspace = Workspace.open(Path(home, "workspace"))
        command = [sys.executable, "-m", "studio", "ui", "--no-browser", "--workspace", str(workspace.root)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = "http://" + server.stdout.readline().partition("http://")[2].split()[0]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            page.get_by_role("tab", name="Caption").click()
            print(f"a key on an empty page: {bare_key(browser.new_page())}")
            many_small(page, Path(home, "small"), small)
            many_large(page, psutil.Process(server.pid), workspace, Path(home, "large"))
            browser.close()
            server.terminate()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
