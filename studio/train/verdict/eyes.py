"""Eyes: a CLIP that compares pictures with pictures and with words (Radford et al., arXiv 2103.00020)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.models.parts import part_folder
from studio.models.source import Source, extra_folders
from studio.workspace import Workspace

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor


def find_eyes(base: Source, workspace: Workspace) -> Path | None:
    """The folder of a CLIP: one that comes with the base, else one that the person has among the models."""
    beside = [part_folder(base.path, "clip")] if base.kind == "folder" else []
    for folder in (*beside, *_folders(workspace)):
        if _is_clip(folder):
            return folder
    return None


class Eyes:
    """An opened CLIP; all features are of length 1, so that products are cosines."""

    def __init__(self, folder: Path, device: torch.device) -> None:
        from transformers import CLIPModel, CLIPProcessor

        self.name, self.device = folder.name, device
        self.processor: Any = CLIPProcessor.from_pretrained(folder, local_files_only=True)
        model: Any = CLIPModel.from_pretrained(folder, local_files_only=True)
        self.model = model.float().to(device).eval()

    def see(self, pictures: Sequence[Image.Image]) -> Tensor:
        """(pictures, features)."""
        import torch
        from torch.nn.functional import normalize

        pixels = self.processor.image_processor(images=list(pictures), return_tensors="pt").pixel_values
        with torch.no_grad():
            pooled = self.model.vision_model(pixels.to(self.device)).pooler_output
            return normalize(self.model.visual_projection(pooled), dim=-1).cpu()

    def read(self, texts: Sequence[str]) -> Tensor:
        """(texts, features)."""
        import torch
        from torch.nn.functional import normalize

        words = self.processor.tokenizer(
            list(texts), padding="max_length", truncation=True, max_length=self._longest, return_tensors="pt"
        )
        with torch.no_grad():
            pooled = self.model.text_model(words.input_ids.to(self.device)).pooler_output
            return normalize(self.model.text_projection(pooled), dim=-1).cpu()

    @property
    def _longest(self) -> int:
        return int(self.model.config.text_config.max_position_embeddings)


def _folders(workspace: Workspace) -> Iterator[Path]:
    for root in (workspace.models, *extra_folders(workspace)):
        if root.is_dir():
            yield from sorted(path for path in root.iterdir() if path.is_dir())


def _is_clip(folder: Path) -> bool:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    whole = isinstance(config, dict) and config.get("model_type") == "clip" and "vision_config" in config
    return whole and (folder / "model.safetensors").is_file()
