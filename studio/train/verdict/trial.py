"""The trial: a fresh base model on which the files of a training are tried."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from studio.adapters.mixing import Mixer
from studio.adapters.naming import layer_table
from studio.adapters.reading import Adapter, read_adapter
from studio.train.painting import paint

if TYPE_CHECKING:
    from PIL import Image

    from studio.families._base import Conditioning, Model


class Trial:
    """One fresh base; an adapter is mixed into it from its file, and taken out again bit by bit."""

    def __init__(self, model: Model, side: int) -> None:
        self.model, self.side = model, side
        self._table, self._mixer = layer_table(model), Mixer(model)
        self._prompts: dict[tuple[object, str], Conditioning] = {}

    def read(self, path: Path) -> Adapter:
        """The adapter in a file; raises `AdapterError` unless every layer in it is used."""
        return read_adapter(path, self._table)

    def wear(self, adapter: Adapter | None, weight: float = 1.0) -> None:
        """Mix this adapter in; None is the base alone."""
        self._mixer.apply([(adapter, weight)] if adapter is not None else [])

    def paint(self, prompt: str, seeds: Sequence[int], *, steps: int = 0) -> list[Image.Image]:
        """Pictures with the mix as it is."""
        return paint(self.model, self._told(prompt), self._told(""), seeds, side=self.side, steps=steps)

    def _told(self, prompt: str) -> Conditioning:
        import torch

        key = (self._mixer.text_mix, prompt)
        if key not in self._prompts:
            with torch.no_grad():
                self._prompts[key] = self.model.encode_prompts([prompt])
        return self._prompts[key]
