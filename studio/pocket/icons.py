"""The icon sets: unpacked from their npm packages, rendered once to pixels."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from studio.pocket.things import HELD_OUT_STYLE, STYLES, drawable

BUILD = Path("build/pocket")
NPM = Path("build/npm")
SIDE = 256
PACKAGES = {
    "@iconify-json/fluent-emoji-flat": "1.2.6",
    "@iconify-json/noto": "1.2.9",
    "@iconify-json/twemoji": "1.2.5",
    "@iconify-json/fluent-emoji-high-contrast": "1.2.6",
    "emojibase-data": "17.0.0",
}
STYLE_OF = STYLES | HELD_OUT_STYLE


def folder_of(package: str) -> Path:
    """Where a package lies unpacked; its licence and its `icons.json` are in here."""
    return NPM / f"x_{_flat(package)}-{PACKAGES[package]}" / "package"


def _flat(package: str) -> str:
    return package.removeprefix("@").replace("/", "-")


def fetch() -> None:
    """Download and unpack the packages that are not there yet."""
    NPM.mkdir(parents=True, exist_ok=True)
    for package, version in PACKAGES.items():
        archive = NPM / f"{_flat(package)}-{version}.tgz"
        if not archive.exists():
            _download(package, version, archive)
        if not folder_of(package).exists():
            with tarfile.open(archive) as files:
                files.extractall(folder_of(package).parent, filter="data")


def _download(package: str, version: str, archive: Path) -> None:
    try:
        subprocess.run(["npm", "pack", f"{package}@{version}"], cwd=NPM, check=True, capture_output=True)
    except FileNotFoundError:  # no npm here: the public registry serves the same archive
        base = package.rsplit("/", 1)[-1]
        url = f"https://registry.npmjs.org/{package}/-/{base}-{version}.tgz"
        urllib.request.urlretrieve(url, archive)


def render() -> None:
    """Draw every thing in every style to RGBA pixels, kept in `build/pocket/icons.npy`.

    The array is (style, thing, 256, 256, 4) uint8, in the order of `STYLE_OF` and `drawable()`.
    """
    shape = (len(STYLE_OF), len(drawable()), SIDE, SIDE, 4)
    pixels = np.zeros(shape, np.uint8)
    for row, icon_set in enumerate(STYLE_OF):
        icons = json.loads((folder_of(f"@iconify-json/{icon_set}") / "icons.json").read_text("utf-8"))
        for place, thing in enumerate(drawable()):
            pixels[row, place] = _draw(icons, thing.icon)
    BUILD.mkdir(parents=True, exist_ok=True)
    unfinished = BUILD / "icons.tmp.npy"
    np.save(unfinished, pixels)
    unfinished.replace(BUILD / "icons.npy")


def _draw(icons: dict[str, Any], name: str) -> np.ndarray:
    import resvg_py

    icon = icons["icons"][name]
    width, height = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
    box = f"{icon.get('left', 0)} {icon.get('top', 0)} {width} {height}"
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box}" width="{SIDE}" height="{SIDE}">{icon["body"]}</svg>'
    )
    picture = Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg))))
    return np.asarray(picture.convert("RGBA").resize((SIDE, SIDE)))


@cache
def pixels() -> np.ndarray:
    """The rendered icons, mapped from disk."""
    return cast(np.ndarray, np.load(BUILD / "icons.npy", mmap_mode="r"))


@cache
def icon(style: str, name: str, side: int) -> Image.Image:
    """One thing in one style as an RGBA picture of `side` pixels."""
    row = list(STYLE_OF.values()).index(style)
    picture = Image.fromarray(np.asarray(pixels()[row, column(name)]), "RGBA")
    return picture.resize((side, side), Image.Resampling.LANCZOS)


@cache
def column(name: str) -> int:
    """Where the icon of this name stands in the tables."""
    return [thing.icon for thing in drawable()].index(name)
