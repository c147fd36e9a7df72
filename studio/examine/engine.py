"""The examining engine: what the miniature's image tower makes of the pictures that it has not seen yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from studio.data.buckets import fit
from studio.data.dataset import dataset_folder, open_dataset
from studio.data.doctor.findings import told
from studio.data.doctor.likeness import remember, without_features
from studio.data.pictures import open_picture
from studio.errors import ModelError, PictureError
from studio.examine.settings import ExamineSettings
from studio.jobs.context import Context
from studio.workspace import ASSETS

if TYPE_CHECKING:
    from torch import Tensor

FOLDER = ASSETS / "pocket" / "clip"
AT_ONCE = 16  # pictures


class ExamineEngine:
    """Remembers the features of pictures; the tower is small and stays open, on the processor."""

    def __init__(self) -> None:
        self._tower: Any = None

    def __call__(self, context: Context, settings: ExamineSettings) -> str:
        """Look at what is new; stopped, what was seen stays known."""
        dataset = open_dataset(dataset_folder(context.workspace, settings.dataset))
        waiting = without_features((picture.path for picture in dataset.pictures), context.workspace)
        seen = 0
        for start in range(0, len(waiting), AT_ONCE):
            context.check()
            context.progress(start, len(waiting), "Looking at the pictures")
            seen += self._look(context, waiting[start : start + AT_ONCE])
        context.progress(len(waiting), len(waiting))
        return told(seen, "Looked at {n} new picture{s}.") if seen else "There was nothing new to look at."

    def _look(self, context: Context, pictures: list[Path]) -> int:
        """Remember the features of some pictures; damaged ones are left to the doctor."""
        import torch

        side = self._open().config.image_size
        ready: list[tuple[Path, Tensor]] = []
        for picture in pictures:
            try:
                ready.append((picture, _pixels(picture, side)))
            except PictureError:
                continue
        if not ready:
            return 0
        with torch.no_grad():
            features = self._open()(torch.stack([pixels for _, pixels in ready])).image_embeds
        for (picture, _), vector in zip(ready, features.tolist(), strict=True):
            remember(picture, vector, context.workspace)
        return len(ready)

    def _open(self) -> Any:
        if self._tower is None:
            from transformers import CLIPVisionModelWithProjection

            from studio.models.opening import quieten

            if not (FOLDER / "model.safetensors").exists():
                raise ModelError(
                    "The built-in image tower is missing",
                    why=f"There are no weights in {FOLDER}",
                    remedy="Get the studio's files again.",
                )
            quieten()
            self._tower = CLIPVisionModelWithProjection.from_pretrained(FOLDER, local_files_only=True).eval()
        return self._tower


def _pixels(picture: Path, side: int) -> Tensor:
    """The middle of a picture as (3, side, side) in -1…1, as the tower was trained."""
    import torch

    image = fit(open_picture(picture, at_least=side), (side, side))
    return torch.from_numpy(np.asarray(image, dtype=np.float32).transpose(2, 0, 1) / 127.5 - 1)
