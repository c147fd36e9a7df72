"""Upscaling models of all kinds (ESRGAN, SwinIR, DAT, HAT …), read by the library spandrel; imports torch."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

from studio.errors import ModelError
from studio.models.opening import best_device

if TYPE_CHECKING:
    from torch import Tensor

TILE, AROUND = 256, 16  # pixels painted at a time, and of their neighbours that are looked at with them
MOST = 3  # times that a picture goes through a model to become large enough


def upscaled(image: Image.Image, path: Path, size: tuple[int, int]) -> Image.Image:
    """The picture, through the model until it is at least this large."""
    model = _open(path, path.stat().st_mtime_ns)
    pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)[None].float() / 255
    for _ in range(MOST):
        if pixels.shape[-1] >= size[0] and pixels.shape[-2] >= size[1]:
            break
        pixels = _tiled(model, pixels)
        if model.scale <= 1:
            break
    values = pixels[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image.fromarray(values)


def _tiled(model: Any, pixels: Tensor) -> Tensor:
    """The whole picture tile by tile, each with its neighbourhood, so that no seam is seen."""
    scale = int(model.scale)
    height, width = pixels.shape[-2:]
    large = torch.zeros(1, 3, height * scale, width * scale)
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            bottom, right = min(height, top + TILE), min(width, left + TILE)
            above, before = max(0, top - AROUND), max(0, left - AROUND)
            seen = pixels[..., above : min(height, bottom + AROUND), before : min(width, right + AROUND)]
            with torch.no_grad():
                done = model(seen.to(model.device, model.dtype)).float().cpu()
            part = done[
                ...,
                (top - above) * scale : (bottom - above) * scale,
                (left - before) * scale : (right - before) * scale,
            ]
            large[..., top * scale : bottom * scale, left * scale : right * scale] = part
    return large


@lru_cache(maxsize=1)
def _open(path: Path, modified: int) -> Any:
    """The model of a file; `modified` makes one that was written anew another."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    loader = _spandrel()
    unreadable = (SafetensorError, OSError, ValueError, KeyError, RuntimeError, loader.UnsupportedModelError)
    try:
        model = loader.ModelLoader(device=best_device()).load_from_state_dict(load_file(path))
    except unreadable as fault:
        raise ModelError(
            f"The upscaler {path.name} cannot be read",
            why=str(fault).splitlines()[0][:200] if str(fault) else "It is damaged, or of a kind not known",
            remedy="Choose another one; ESRGAN, SwinIR, DAT and HAT are known, among others.",
        ) from None
    if not isinstance(model, loader.ImageModelDescriptor) or model.input_channels != 3:
        raise ModelError(f"{path.name} is no upscaler of pictures", remedy="Choose another one.")
    return model.eval()


@cache
def _spandrel() -> Any:
    """The module spandrel. It names torchvision for two kinds of models that do not enlarge; where there
    is none, an empty one stands in while it is imported.
    """
    absent = importlib.util.find_spec("torchvision") is None
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    if absent:
        for name in names:
            sys.modules[name] = ModuleType(name)
        functional: Any = sys.modules[names[-1]]
        functional.normalize = functional.rotate = functional.InterpolationMode = None
    try:
        import spandrel
    finally:
        for name in names if absent else ():
            sys.modules.pop(name, None)
    return spandrel
