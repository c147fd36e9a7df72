"""Colours: every kind of pixel a picture may have, brought to plain 8-bit sRGB."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

KEPT = ("L", "CMYK", "LAB")
"""Modes whose own numbers the colour profile speaks of; all others are made RGB first."""


def flattened(image: Image.Image, background: str) -> Image.Image:
    """RGB of an image in any mode; what is transparent shows `background`."""
    profile = image.info.get("icc_profile")
    image = _eight_bits(image)
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    if image.mode == "LA":
        image = image.convert("L")
    colours = _in_srgb(image if image.mode in KEPT else image.convert("RGB"), profile)
    if alpha is None:
        return colours
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(colours, mask=alpha)
    return canvas


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit, 32-bit and floating-point greys scaled to 0…255, which Pillow would cut off instead."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), posinf=0.0, neginf=0.0)
    highest = 65535.0 if image.mode.startswith("I;16") else float(values.max(initial=0.0))
    full = next((white for white in (1.0, 255.0, 65535.0) if highest <= white), highest)
    return Image.fromarray(np.clip(values / full * 255.0 + 0.5, 0, 255).astype(np.uint8))


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile is None and image.mode != "LAB":
        return image.convert("RGB")
    try:
        lab = image.mode == "LAB"
        source = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("LAB") if lab else io.BytesIO(profile or b"")
        )
        if image.mode == "RGB" and "sRGB" in (source.profile.profile_description or ""):
            return image
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert("RGB")  # a profile that is wrong for these pixels says nothing
    return turned or image.convert("RGB")
