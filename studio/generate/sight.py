"""Sight: what latents will look like, much quicker than the VAE decodes them."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.workspace import ASSETS, Workspace

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from studio.families._base import Model

LATENTS = 24  # the side of the pictures that are looked at to find out, in latents
SHOWN = sorted((ASSETS / "demo").rglob("*.png"))[:4]


class Sight:
    """Turns latents of one base into small pictures.

    With a tiny autoencoder if there is one that fits: in the base's own folder, `tiny/`, or anywhere in
    `models/` (such as TAESD). Else by a linear guess at each pixel, which is fitted to the base's own VAE.
    """

    def __init__(self, model: Model, base: Path | None, workspace: Workspace) -> None:
        self._model = model
        self._latents, self._pixels = _examples(model)
        self._linear = _fitted(self._latents, self._pixels)
        self._tiny = self._best(base, workspace)

    def look(self, latents: Tensor) -> Image:
        """The first of a batch of scaled latents (batch, channels, height, width) as a picture."""
        import torch
        from PIL import Image

        with torch.no_grad():
            pixels = self._tiny(latents[:1]) if self._tiny else self._guess(latents[:1])
        values = (pixels[0].float() / 2 + 0.5).clamp(0, 1).mul(255).round().byte()
        return Image.fromarray(values.permute(1, 2, 0).cpu().numpy())

    def _guess(self, latents: Tensor) -> Tensor:
        import torch

        mapped = torch.einsum("bchw,cd->bdhw", latents.float(), self._linear[:-1].to(latents.device))
        pixels = mapped + self._linear[-1].to(latents.device)[None, :, None, None]
        factor = self._pixels.shape[-1] // self._latents.shape[-1]
        return torch.nn.functional.interpolate(pixels, scale_factor=factor, mode="bilinear")

    def _best(self, base: Path | None, workspace: Workspace) -> Any:
        """The tiny autoencoder that shows the examples best, if it shows them better than the guess does."""
        best, least = None, _missed(self._guess(self._latents), self._pixels)
        for folder in _candidates(base, workspace, self._latents.shape[1]):
            decode = _tiny(folder, self._model)
            missed = _missed(decode(self._latents), self._pixels)
            if missed < least:
                best, least = decode, missed
        return best


def _candidates(base: Path | None, workspace: Workspace, channels: int) -> Iterator[Path]:
    own = [base / "tiny" / "config.json"] if base else []
    for config in (*own, *workspace.models.glob("*/config.json"), *workspace.models.glob("*/*/config.json")):
        try:
            told = json.loads(config.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        fits = isinstance(told, dict) and told.get("latent_channels") == channels
        if fits and told.get("_class_name") == "AutoencoderTiny":
            yield config.parent


def _tiny(folder: Path, model: Model) -> Any:
    from diffusers import AutoencoderTiny

    tiny = AutoencoderTiny.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    tiny = tiny.to(model.device, model.dtype).eval().requires_grad_(False)
    return lambda latents: tiny.decode(latents.to(tiny.device, tiny.dtype)).sample


def _examples(model: Model) -> tuple[Tensor, Tensor]:
    """Latents of a few pictures, and the pictures themselves at -1…1."""
    import numpy as np
    import torch
    from PIL import ImageOps

    from studio.data.pictures import open_picture

    side = max(model.side_multiple, LATENTS * 8 // model.side_multiple * model.side_multiple)
    pictures = [ImageOps.fit(open_picture(path), (side, side)) for path in SHOWN]
    pixels = torch.stack([torch.from_numpy(np.array(each)) for each in pictures]).permute(0, 3, 1, 2)
    pixels = pixels.float() / 127.5 - 1
    return model.encode_pictures(pixels), pixels


def _fitted(latents: Tensor, pixels: Tensor) -> Tensor:
    """The map (channels + 1, 3) from latents, and one, to the pixels that they stand for: least squares."""
    import torch

    small = torch.nn.functional.interpolate(pixels, size=latents.shape[-2:], mode="area")
    given = latents.float().cpu().permute(0, 2, 3, 1).flatten(0, 2)
    given = torch.cat([given, torch.ones(len(given), 1)], dim=1)
    wanted = small.permute(0, 2, 3, 1).flatten(0, 2)
    ridge = 1e-3 * len(given) * torch.eye(given.shape[1])
    found: Tensor = torch.linalg.solve(given.T @ given + ridge, given.T @ wanted)
    return found


def _missed(shown: Tensor, pixels: Tensor) -> float:
    import torch

    small = torch.nn.functional.interpolate(shown.float().cpu(), size=pixels.shape[-2:], mode="area")
    return float((small - pixels).square().mean())


class Guesses:
    """The guesses at the finished latents that come with the steps of a scheduler; PNDM tells none."""

    def __init__(self, scheduler: Any) -> None:
        self.latest: Tensor | None = None
        take_step = scheduler.step

        @functools.wraps(take_step)  # pipelines look at the signature
        def step(*given: Any, **options: Any) -> Any:
            result = take_step(*given, **options)
            told = result[1:] if isinstance(result, tuple) else ()
            self.latest = [*getattr(scheduler, "model_outputs", [None]), *told][-1]
            if self.latest is None and type(scheduler).__name__.startswith("FlowMatch") and len(given) > 2:
                self.latest = given[2] - scheduler.sigmas[scheduler.step_index - 1] * given[0]
            return result

        scheduler.step = step


def unpacked(pipeline: Any, latents: Tensor | None, width: int, height: int) -> Any:
    """Latents as (batch, channels, height, width); some pipelines keep them in rows of patches."""
    unpack = getattr(pipeline, "_unpack_latents", None)
    if latents is None or unpack is None:
        return latents
    return unpack(latents, height, width, pipeline.vae_scale_factor)
