"""Ordinary pictures, and what spoils them."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from studio.data.pictures import open_picture
from studio.workspace import ASSETS

Spoil = Callable[[Image.Image], Image.Image]


def photos() -> dict[str, Image.Image]:
    """The photographs that come with gradio: animals, a tower, a film scene."""
    spec = find_spec("gradio")
    assert spec is not None and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "media_assets" / "images"
    names = ("cheetah.jpg", "cheetah1.jpg", "groot.jpeg", "lion.jpg", "tower.jpg")
    return {Path(name).stem: open_picture(folder / name) for name in names if (folder / name).exists()}


def drawings() -> dict[str, Image.Image]:
    """The drawings of the demo: flat colours, white grounds, thin black lines, one fox in many scenes."""
    files = sorted((ASSETS / "demo").glob("*/*.png"))
    return {file.stem: open_picture(file) for file in files}


def blurred(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(4))


def squares(image: Image.Image) -> Image.Image:
    """Saved as a JPEG of quality 10."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=10)
    return Image.open(file).convert("RGB")


def exposed(stops: float) -> Spoil:
    def spoil(image: Image.Image) -> Image.Image:
        light = (np.asarray(image, dtype=np.float32) / 255) ** 2.2 * 2**stops
        return Image.fromarray((np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8))

    return spoil


def signed(image: Image.Image) -> Image.Image:
    """With a line of lettering, as of a photographer or an agency."""
    copy = image.copy()
    size = max(20, image.width // 18)
    where = (image.width * 0.05, image.height * 0.86)
    draw = ImageDraw.Draw(copy)
    draw.text(
        where,
        "Jane Doe Photography",
        "white",
        ImageFont.load_default(size),
        stroke_width=1,
        stroke_fill="black",
    )
    return copy


def cropped(image: Image.Image) -> Image.Image:
    """Without a tenth at its top and at its left."""
    width, height = image.size
    return image.crop((width // 10, height // 10, width, height))


def mirrored(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)
