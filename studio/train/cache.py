"""The cache: latents and text embeddings, made once for the same content.

A file's name is the hash of all that decides what is in it (the picture's bytes, its size in
training, the VAE; or the prompt and the text encoders), so nothing in here is ever out of date.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from math import ceil
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from studio.data.crops import Crop
from studio.data.hashes import picture_hash
from studio.data.hints import hints
from studio.data.pictures import open_picture
from studio.train.buckets import Size, fit
from studio.workspace import writing

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor, nn

    from studio.families._base import Conditioning, Model


class Cache:
    """What the encoders of one model make of pictures and prompts."""

    def __init__(self, folder: Path, model: Model) -> None:
        self.folder, self.model = folder, model
        self._vae = fingerprint([model.vae])
        self._texts = fingerprint(model.prompt_encoders)

    def latents(self, picture: Path, bucket: Size, *, mirrored: bool, crop: Crop | None = None) -> Tensor:
        """Latents (channels, height, width) on the processor; raises `PictureError`."""
        import torch

        def make() -> dict[str, Tensor]:
            image = _fitted(picture, bucket, crop)
            with torch.no_grad():
                return {"latents": self.model.encode_pictures(pixels(image, mirrored=mirrored)[None])[0]}

        file = self.latents_file(picture, bucket, mirrored=mirrored, crop=crop)
        return self._remembered(file, make)["latents"]

    def latents_file(self, picture: Path, bucket: Size, *, mirrored: bool, crop: Crop | None = None) -> Path:
        """Where they are kept; raises `PictureError`."""
        content = picture_hash(picture, self.folder)
        behind = hints(picture.parent).background
        unusual: list[object] = [each for each in (crop, behind) if each not in (None, "white")]
        return self._file("latents", self._vae, content, *bucket, mirrored, *unusual)

    def prompt(self, prompt: str) -> Conditioning:
        """The conditioning of one prompt, first dimension 1, on the processor."""
        import torch

        def make() -> dict[str, Tensor]:
            with torch.no_grad():
                return dict(self.model.encode_prompts([prompt]))

        return self._remembered(self.prompt_file(prompt), make)

    def prompt_file(self, prompt: str) -> Path:
        """Where that is kept."""
        return self._file("prompts", self._texts, prompt)

    def _file(self, kind: str, *parts: object) -> Path:
        key = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()
        return self.folder / kind / f"{key}.safetensors"

    def _remembered(self, path: Path, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        from safetensors import SafetensorError
        from safetensors.torch import load_file, save

        try:
            return load_file(path)
        except (FileNotFoundError, SafetensorError):
            made = {name: tensor.cpu().contiguous() for name, tensor in make().items()}
        with writing(path, "wb") as file:
            cast("IO[bytes]", file).write(save(made))
        return made


def mask_like(mask: Path, latents: Tensor, bucket: Size, *, mirrored: bool, crop: Crop | None) -> Tensor:
    """A mask as (1, height, width of the latents) in 0…1: where the picture is learned."""
    import numpy as np
    import torch
    from PIL import Image

    height, width = latents.shape[-2:]
    grey = _fitted(mask, bucket, crop, background="black").convert("L")
    small = grey.resize((width, height), Image.Resampling.BOX)
    values = np.asarray(small, dtype=np.float32)[None] / 255
    return torch.from_numpy(np.ascontiguousarray(values[..., ::-1] if mirrored else values))


def _fitted(picture: Path, bucket: Size, crop: Crop | None, *, background: str = "") -> Image.Image:
    """The part of a picture that is used, in the size of its bucket."""
    narrow = min(crop.right - crop.left, crop.bottom - crop.top) if crop else 1.0
    image = open_picture(picture, background=background or None, at_least=ceil(max(bucket) / narrow))
    return fit(crop.of(image) if crop else image, bucket)


def pixels(image: Image.Image, *, mirrored: bool) -> Tensor:
    """A picture as (3, height, width) in -1…1."""
    import numpy as np
    import torch

    values = np.asarray(image.convert("RGB"), dtype=np.float32) / 127.5 - 1
    if mirrored:
        values = values[:, ::-1]
    return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1)))


def fingerprint(modules: Iterable[nn.Module]) -> str:
    """A hash of modules' weights, their precision, and the factor by which a VAE's latents are scaled."""
    import torch

    digest = hashlib.sha256()
    for module in modules:
        digest.update(f"{getattr(module.config, 'scaling_factor', 1)}".encode())
        for name, tensor in sorted(module.state_dict().items()):
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
